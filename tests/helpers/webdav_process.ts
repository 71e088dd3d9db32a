import { v2 as webdav } from 'webdav-server'

const [folder = '', port = ''] = process.argv.slice(2)

const users = new webdav.SimpleUserManager()
const privileges = new webdav.SimplePathPrivilegeManager()
privileges.setRights(users.addUser('picfast', 'dav password', false), '/', ['all'])

const server = new webdav.WebDAVServer({
  hostname: '127.0.0.1',
  port: Number(port),
  requireAuthentification: true,
  httpAuthentication: new webdav.HTTPBasicAuthentication(users, 'tests'),
  privilegeManager: privileges,
  rootFileSystem: new webdav.PhysicalFileSystem(folder),
})
await server.startAsync(Number(port))

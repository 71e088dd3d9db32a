import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { test } from '@japa/runner'
import { isAlive } from '#supervisor/child_process'
import { RunningSite, type Part } from '#tests/chaos/running_site'
import { numberedPicture } from '#tests/chaos/uploader'
import { runCommand } from '#tests/helpers/ace'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { waitFor } from '#tests/helpers/wait_for'

const ADMIN = { email: 'ada@example.org', password: 'a long secret', name: 'Ada' }
const PARTS: readonly Part[] = ['web', 'worker', 'projector', 'redis', 'postgres']

test.group('The disk of a site dies', (group) => {
  let folder: TemporaryFolder
  let site: RunningSite

  group.each.setup(() => {
    folder = new TemporaryFolder()
    chmodSync(folder.path, 0o711)
    return async () => {
      await site?.stop()
      folder.remove()
    }
  })

  /** As in a shell on the site's machine, where nothing but the data folder is set. */
  const command = (...args: string[]) =>
    runCommand('', args, undefined, { DATA_DIR: folder.at('data'), REDIS_URL: '', APP_KEY: '' })

  test('and it comes back from a backup and its keys, with one command and no server', async ({
    assert,
  }) => {
    site = await RunningSite.start(folder.at('data'))
    const post = async (path: string, token: string | null, body: string | FormData) => {
      const answer = await fetch(`${site.url}/api/v1${path}`, {
        method: 'POST',
        headers: {
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
          ...(typeof body === 'string' ? { 'Content-Type': 'application/json' } : {}),
        },
        body,
      })
      assert.isTrue(answer.ok, `${path} was answered ${answer.status}`)
      return ((await answer.json()) as { data: Record<string, string> }).data
    }
    const { access_token: token } = await post('/setup', null, JSON.stringify(ADMIN))
    const picture = await numberedPicture(7)
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(picture)]), 'seven.png')
    form.append('permission', '1')
    const { key } = await post('/images', token ?? '', form)
    const appKey = site.siteKey

    const running = await command('maintenance:restore', folder.at('backup'))
    assert.equal(running.code, 1)
    assert.include(running.stderr + running.stdout, 'already')
    const backup = await command(
      'maintenance:backup',
      folder.at('backup'),
      `--keys=${folder.at('keys')}`,
      '--objects'
    )
    assert.equal(backup.code, 0, backup.stderr)

    const pids = await Promise.all(PARTS.map((part) => site.pidOf(part)))
    await site.killSupervisor()
    await waitFor(() => pids.slice(0, 3).every((pid) => pid === null || !isAlive(pid)), {
      what: 'the processes of the site to end',
      timeoutMs: 15_000,
    })
    pids.forEach((pid) => pid !== null && isAlive(pid) && process.kill(pid, 'SIGKILL'))
    await waitFor(() => pids.every((pid) => pid === null || !isAlive(pid)), { what: 'the end' })
    rmSync(folder.at('data'), { recursive: true })

    const restored = ['maintenance:restore', folder.at('backup'), `--keys=${folder.at('keys')}`]
    const looked = await command(...restored)
    assert.equal(looked.code, 0, looked.stdout + looked.stderr)
    assert.include(looked.stdout, 'can be restored')
    const applied = await command(...restored, '--apply')
    assert.equal(applied.code, 0, applied.stdout + applied.stderr)

    assert.equal(readFileSync(folder.at('data/app_key'), 'utf8').trim(), appKey)
    site = await RunningSite.start(folder.at('data'))
    const { access_token: again } = await post('/auth/login', null, JSON.stringify(ADMIN))
    assert.isString(again)
    const answer = await fetch(`${site.url}/i/${key}.png`)
    assert.equal(answer.status, 200)
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), picture)
    const doctor = await command('maintenance:doctor')
    assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr)
  }).timeout(300_000)
})

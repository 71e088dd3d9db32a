import { readBuildInfo, type BuildInfo } from '#http/build_info'
import { success } from '#http/envelope'

let known: Promise<BuildInfo> | undefined

export default class VersionController {
  async handle() {
    known ??= readBuildInfo()
    const { version, commit, buildTime, githubUrl } = await known
    return success({ version, commit, build_time: buildTime, github_url: githubUrl })
  }
}

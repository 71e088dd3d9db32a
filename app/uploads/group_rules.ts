import { LRUCache } from 'lru-cache'
import { findGroupRules, type GroupRules } from '#read_models/upload_rules_queries'

interface KeptRules {
  stamp: string | null
  rules: Promise<GroupRules>
}

const KEPT_GROUPS = 1_000

/** The rules of groups, kept for as long as the stamp of everybody's rows says that none of them has changed. */
export class KeptGroupRules {
  readonly #kept = new LRUCache<number, KeptRules>({ max: KEPT_GROUPS })

  /** `stamp` must have been read before; without one they are looked up. `null` is the visitors' group. */
  find(groupId: number | null, stamp: string | null | undefined): Promise<GroupRules> {
    if (groupId === null || stamp === undefined) {
      return findGroupRules(groupId)
    }
    const kept = this.#kept.get(groupId)
    if (kept?.stamp === stamp) {
      return kept.rules
    }
    const rules = findGroupRules(groupId)
    this.#kept.set(groupId, { stamp, rules })
    rules.catch(() => this.#kept.delete(groupId))
    return rules
  }
}

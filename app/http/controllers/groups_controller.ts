import type { HttpContext } from '@adonisjs/core/http'
import type { Json } from '#domain/event_definition'
import { success } from '#http/envelope'
import { E_NOT_FOUND, E_NOT_VISIBLE_YET, InvalidFieldsError } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { transformGroup } from '#http/transformers/group_transformer'
import {
  createGroupValidator,
  GROUP_CONFIG_NAMES,
  groupStrategiesValidator,
  updateGroupValidator,
} from '#http/validators/group_validator'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import { findGroup, listGroups } from '#read_models/group_queries'
import { listAllStrategies } from '#read_models/strategy_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

interface Roles {
  is_default?: boolean
  is_guest?: boolean
}

/** Groups of accounts, and the rules that hold for their members' uploads. */
export default class GroupsController {
  async index(ctx: HttpContext) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const { items, total } = await listGroups(request)
    return success(pageOfItems(items.map(transformGroup), total, request))
  }

  async show(ctx: HttpContext) {
    const group = await findGroup(idParam(ctx))
    if (group === null) {
      throw new E_NOT_FOUND()
    }
    return success(transformGroup(group))
  }

  async store(ctx: HttpContext) {
    const input = await createGroupValidator.validate(groupBody(ctx))
    const configs = withoutNulls(input.configs ?? {})
    const strategyIds = input.strategy_ids ?? []
    refuseBothRoles(input)
    await this.#checkStrategies(strategyIds, configs)
    const { groupId, position } = await services().handlers.group.createGroup(
      { name: input.name, configs, strategyIds },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    const last = await this.#giveRoles(ctx, groupId, input)
    ctx.response.status(201)
    return this.#answer(groupId, Math.max(position, last), 'Created')
  }

  async update(ctx: HttpContext) {
    const groupId = idParam(ctx)
    const { name, configs, ...roles } = await updateGroupValidator.validate(groupBody(ctx))
    const group = await findGroup(groupId)
    if (group === null) {
      throw new E_NOT_FOUND()
    }
    refuseBothRoles({
      is_default: roles.is_default ?? group.isDefault,
      is_guest: roles.is_guest ?? group.isGuest,
    })
    refuseLeaving(roles, group)
    const changed = configs && withoutNulls({ ...group.configs, ...configs })
    await this.#checkStrategies([], changed ?? {})
    const { position } = await services().handlers.group.changeGroup(
      { groupId, name, configs: changed },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    const last = await this.#giveRoles(ctx, groupId, roles)
    return this.#answer(groupId, Math.max(position, last), 'Saved')
  }

  async updateStrategies(ctx: HttpContext) {
    const groupId = idParam(ctx)
    const { strategy_ids: strategyIds } = await groupStrategiesValidator.validate(jsonBody(ctx))
    await this.#checkStrategies(strategyIds, {})
    const { position } = await services().handlers.group.changeGroupStrategies(
      { groupId, strategyIds },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    return this.#answer(groupId, position, 'Saved')
  }

  async destroy(ctx: HttpContext) {
    const { position } = await services().handlers.group.deleteGroup(
      { groupId: idParam(ctx) },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().readModels.waitFor(position, ['groups'])
    return success(null, 'Deleted')
  }

  /** A group takes a role from the one that had it; answers the last position. */
  async #giveRoles(ctx: HttpContext, groupId: number, roles: Roles): Promise<number> {
    const { group } = services().handlers
    const context = commandContextOf(ctx, ctx.auth.getUserOrFail())
    const made = roles.is_default ? await group.makeDefaultGroup({ groupId }, context) : null
    const guest = roles.is_guest ? await group.makeGuestGroup({ groupId }, context) : null
    return Math.max(made?.position ?? 0, guest?.position ?? 0)
  }

  async #answer(groupId: number, position: number, message: string) {
    await webServices().readModels.waitFor(position, ['groups'])
    const group = await findGroup(groupId)
    if (group === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformGroup(group), message)
  }

  /** What is named must be there. */
  async #checkStrategies(ids: readonly number[], configs: Record<string, Json>): Promise<void> {
    const known = new Set((await listAllStrategies()).map(({ strategyId }) => strategyId))
    if (ids.some((id) => !known.has(id))) {
      throw new InvalidFieldsError({ strategy_ids: ['There is no such strategy'] })
    }
    const preferred = configs['default_strategy_id']
    if (typeof preferred === 'number' && !known.has(preferred)) {
      throw new InvalidFieldsError({
        'configs.default_strategy_id': ['There is no such strategy'],
      })
    }
  }
}

/** A rule beside `configs` would be passed over in silence: it is refused instead. */
function groupBody(ctx: HttpContext): Record<string, unknown> {
  const body = jsonBody(ctx)
  const misplaced = GROUP_CONFIG_NAMES.filter((name) => name in body)
  if (misplaced.length > 0) {
    throw new InvalidFieldsError(
      Object.fromEntries(
        misplaced.map((name) => [name, [`Give this within configs: configs.${name}`]])
      )
    )
  }
  return body
}

function refuseBothRoles({ is_default: isDefault, is_guest: isGuest }: Roles): void {
  if (isDefault && isGuest) {
    throw new InvalidFieldsError({
      is_guest: ['One group cannot be both the default and the guest group'],
    })
  }
}

/** There is always one of each: a role is given to another group, never just laid down. */
function refuseLeaving(roles: Roles, present: { isDefault: boolean; isGuest: boolean }): void {
  const message = 'Give this role to another group instead'
  if (present.isDefault && roles.is_default === false) {
    throw new InvalidFieldsError({ is_default: [message] })
  }
  if (present.isGuest && roles.is_guest === false) {
    throw new InvalidFieldsError({ is_guest: [message] })
  }
}

/** `null` takes a rule back. */
function withoutNulls(configs: Record<string, unknown>): Record<string, Json> {
  return JSON.parse(
    JSON.stringify(configs, (_name, value: unknown) => (value === null ? undefined : value))
  )
}

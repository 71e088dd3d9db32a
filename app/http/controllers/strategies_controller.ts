import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { E_NOT_FOUND, E_NOT_VISIBLE_YET, InvalidFieldsError } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { checkStrategies } from '#http/storage_checks'
import {
  transformAdministeredStrategy,
  transformStrategy,
} from '#http/transformers/strategy_transformer'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import {
  checkConfigs,
  createStrategyValidator,
  updateStrategyValidator,
} from '#http/validators/strategy_validator'
import { offsetOf } from '#read_models/page_request'
import { findStrategy, listAllStrategies, listGroupStrategies } from '#read_models/strategy_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Places to store images in. */
export default class StrategiesController {
  /** Those that the caller may store in. */
  async mine(ctx: HttpContext) {
    const strategies = await listGroupStrategies(ctx.auth.getUserOrFail().groupId)
    return success(strategies.map(transformStrategy))
  }

  async index(ctx: HttpContext) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const all = await listAllStrategies()
    const start = offsetOf(request)
    const items = all.slice(start, start + request.size).map(transformAdministeredStrategy)
    return success(pageOfItems(items, all.length, request))
  }

  async health() {
    return success(await checkStrategies(webServices().checkStorage))
  }

  async show(ctx: HttpContext) {
    const strategy = await findStrategy(idParam(ctx))
    if (strategy === null) {
      throw new E_NOT_FOUND()
    }
    return success(transformAdministeredStrategy(strategy))
  }

  async store(ctx: HttpContext) {
    const input = await createStrategyValidator.validate(jsonBody(ctx))
    const type = input.strategy_type
    const { strategyId, position } = await services().handlers.strategy.createStrategy(
      { name: input.name, type, ...checkConfigs(type, input.configs) },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    ctx.response.status(201)
    return this.#answer(strategyId, position, 'Created')
  }

  async update(ctx: HttpContext) {
    const strategyId = idParam(ctx)
    const input = await updateStrategyValidator.validate(jsonBody(ctx))
    const strategy = await findStrategy(strategyId)
    if (strategy === null) {
      throw new E_NOT_FOUND()
    }
    if (input.strategy_type !== undefined && input.strategy_type !== strategy.type) {
      throw new InvalidFieldsError({
        strategy_type: ['The kind of a strategy stays: make another one'],
      })
    }
    const { configs, secrets } = checkConfigs(strategy.type, input.configs ?? {}, strategy)
    const { position } = await services().handlers.strategy.changeStrategy(
      { strategyId, name: input.name, configs, secrets },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    return this.#answer(strategyId, position, 'Saved')
  }

  async destroy(ctx: HttpContext) {
    const { position } = await services().handlers.strategy.deleteStrategy(
      { strategyId: idParam(ctx) },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().readModels.waitFor(position, ['strategies'])
    return success(null, 'Deleted')
  }

  async #answer(strategyId: number, position: number, message: string) {
    await webServices().readModels.waitFor(position, ['strategies'])
    const strategy = await findStrategy(strategyId)
    if (strategy === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformAdministeredStrategy(strategy), message)
  }
}

import type { DatabaseQueryBuilderContract } from '@adonisjs/lucid/types/querybuilder'

/** How many rows a query finds. */
export async function countRows<Row>(query: DatabaseQueryBuilderContract<Row>): Promise<number> {
  const counted: unknown = await query.count('*', 'total').first()
  if (typeof counted !== 'object' || counted === null || !('total' in counted)) {
    throw new TypeError('The count has no total')
  }
  return Number(counted.total)
}

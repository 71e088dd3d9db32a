import db from '@adonisjs/lucid/services/db'
import type { TokenScope } from '#domain/api_token/events'
import { optionalMoment, type BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { ApiTokenView } from './views.ts'

interface ApiTokenRow {
  token_id: BigintColumn
  name: string
  scopes: TokenScope[]
  last_used_at: Date | null
  expires_at: Date | null
  created_at: Date
}

export async function findApiToken(tokenId: number): Promise<ApiTokenView | null> {
  const row: ApiTokenRow | null = await apiTokens().where('t.token_id', tokenId).first()
  return row && apiTokenView(row)
}

/** An account's tokens, newest first; also those that have expired. */
export async function listApiTokens(
  accountId: number,
  page: PageRequest
): Promise<PageOf<ApiTokenView>> {
  const [total, rows]: [number, ApiTokenRow[]] = await Promise.all([
    countRows(db.from('read.api_tokens').where('account_id', accountId)),
    apiTokens()
      .where('t.account_id', accountId)
      .orderBy([
        { column: 't.created_at', order: 'desc' },
        { column: 't.token_id', order: 'desc' },
      ])
      .limit(page.size)
      .offset(offsetOf(page)),
  ])
  return { items: rows.map(apiTokenView), total }
}

/** When a token was last used is noted beside its secret, since it is not an event. */
function apiTokens() {
  return db
    .from('read.api_tokens as t')
    .leftJoin('secrets.api_tokens as s', 's.token_id', 't.token_id')
    .select('t.token_id', 't.name', 't.scopes', 't.expires_at', 't.created_at', 's.last_used_at')
}

function apiTokenView(row: ApiTokenRow): ApiTokenView {
  return {
    tokenId: Number(row.token_id),
    name: row.name,
    scopes: row.scopes,
    lastUsedAt: optionalMoment(row.last_used_at),
    expiresAt: optionalMoment(row.expires_at),
    createdAt: row.created_at.toISOString(),
  }
}

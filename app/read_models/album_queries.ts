import db from '@adonisjs/lucid/services/db'
import type { BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { AlbumView } from './views.ts'

interface AlbumRow {
  album_id: BigintColumn
  owner_id: BigintColumn
  name: string
  intro: string
  image_num: number
  created_at: Date
  updated_at: Date
}

export async function findAlbum(albumId: number): Promise<AlbumView | null> {
  const row: AlbumRow | null = await db.from('read.albums').where('album_id', albumId).first()
  return row && albumView(row)
}

/** An owner's albums, newest first. */
export async function listAlbums(ownerId: number, page: PageRequest): Promise<PageOf<AlbumView>> {
  const own = db.from('read.albums').where('owner_id', ownerId)
  const [total, rows]: [number, AlbumRow[]] = await Promise.all([
    countRows(own.clone()),
    own
      .clone()
      .orderBy([
        { column: 'created_at', order: 'desc' },
        { column: 'album_id', order: 'desc' },
      ])
      .limit(page.size)
      .offset(offsetOf(page)),
  ])
  return { items: rows.map(albumView), total }
}

function albumView(row: AlbumRow): AlbumView {
  return {
    albumId: Number(row.album_id),
    ownerId: Number(row.owner_id),
    name: row.name,
    intro: row.intro,
    imageNum: row.image_num,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

import type { AlbumView } from '#read_models/views'

export function transformAlbum(album: AlbumView) {
  return {
    id: album.albumId,
    name: album.name,
    intro: album.intro,
    image_num: album.imageNum,
    created_at: album.createdAt,
    updated_at: album.updatedAt,
  }
}

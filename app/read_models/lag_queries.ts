import db from '@adonisjs/lucid/services/db'

/** The position that each read model shows. */
export async function readModelPositions(): Promise<{ name: string; position: number }[]> {
  const rows: { projection: string; position: string }[] = await db
    .from('run.checkpoints')
    .where('slot', 'live')
    .select('projection', 'position')
  return rows.map(({ projection, position }) => ({ name: projection, position: Number(position) }))
}

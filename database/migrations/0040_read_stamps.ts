import { BaseSchema } from '@adonisjs/lucid/schema'

/** What tells at once whether anything has changed that an account's answers are made of; see `app/projections/stamps.ts`. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table run.read_stamps (
        subject bigint primary key,
        stamp uuid not null
      ) with (fillfactor = 50);

      -- In one order, so that two transactions do not wait for each other.
      create function run.stamp_subjects(subjects bigint[]) returns void language sql as $$
        insert into run.read_stamps (subject, stamp)
        select s.subject, gen_random_uuid() from (select distinct unnest(subjects) as subject order by 1) s
        on conflict (subject) do update set stamp = excluded.stamp
      $$;
    `)
  }

  override async down() {
    this.schema.raw(`
      drop function run.stamp_subjects;
      drop table run.read_stamps;
    `)
  }
}

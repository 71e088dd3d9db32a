import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * Rows go only into partitions that an earlier transaction has attached. Another session can see what a transaction wrote a
 * moment before it hears that the table has a partition more; rows that lie in that one it would not find in this moment. It
 * would take an older version of a stream for the newest, and a reader would take the log to be over.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      -- Makes partitions up to a position, and for half a partition beyond it. The caller holds the head's lock, and writes
      -- no events in the same transaction.
      create function log.add_room(through bigint) returns void language plpgsql as $$
      declare
        head record;
      begin
        select h.partitioned, h.partition_size into strict head from log.head h;
        while head.partitioned - head.partition_size / 2 < through loop
          perform log.add_partition(head.partitioned + 1, head.partitioned + head.partition_size);
          head.partitioned := head.partitioned + head.partition_size;
        end loop;
      end
      $$;

      -- Sees to it, within an append, that the next ones have room. Somebody else's lock on the table is not waited for: the
      -- next append tries again. An append that has no room itself is refused with SQLSTATE PF001, as a whole.
      create or replace function log.make_room(through bigint) returns void language plpgsql as $$
      begin
        if (select h.partitioned from log.head h) < through then
          raise exception 'The log has no partition for position %', through using errcode = 'PF001';
        end if;
        begin
          lock table only log.events in share update exclusive mode nowait;
        exception when lock_not_available then
          return;
        end;
        perform log.add_room(through);
      end
      $$;

      create or replace function log.lay_out(after_position bigint, through bigint) returns void language plpgsql as $$
      declare
        old bigint;
      begin
        perform 1 from log.head for update;
        for old in delete from log.partitions returning first_position loop
          execute format('drop table log.%I', 'events_' || old);
        end loop;
        update log.head set partitioned = after_position;
        perform log.add_room(greatest(through, after_position + 1));
      end
      $$;
    `)
  }

  override async down() {
    throw new Error('The functions of a log in partitions go with it: restore a backup of before')
  }
}

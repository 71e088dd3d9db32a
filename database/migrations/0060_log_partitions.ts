import { BaseSchema } from '@adonisjs/lucid/schema'

/** How many positions a partition of the log has, from the next one on that is made. */
const PARTITION_SIZE = 1_000_000

/**
 * The log in partitions of positions. What was the table is the first of them as it is, without a row being copied; the
 * others are made ahead of need. Ids and versions of streams are unique in each partition by its own indexes, and over all
 * of them by what appends look at: the newest partitions, and `log.event_index`, which has the place of each event of those
 * that are full. Nothing is written there by an append.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      alter table log.head
        add column partition_size bigint not null default ${PARTITION_SIZE} check (partition_size > 0),
        -- The last position that there is a partition for, and the last one that is in the index.
        add column partitioned bigint not null default 0,
        add column indexed bigint not null default 0;

      create table log.partitions (
        first_position bigint primary key,
        last_position bigint not null check (last_position >= first_position)
      );

      create table log.event_index (
        position bigint primary key,
        stream text collate "C" not null,
        version integer not null,
        id uuid not null,
        type text collate "C" not null,
        recorded_at timestamptz(3) not null,
        constraint event_index_stream_version unique (stream, version),
        constraint event_index_id unique (id)
      );
      create index event_index_type on log.event_index (type, position);

      alter table log.events rename to events_1;
      alter table log.events_1 rename constraint events_pkey to events_1_pkey;
      alter table log.events_1 rename constraint events_stream_version to events_1_stream_version;
      alter table log.events_1 rename constraint events_id to events_1_id;
      alter index log.events_type rename to events_1_type;
      drop trigger append_only on log.events_1;
      drop trigger if exists copied_only on log.events_1;

      create table log.events (like log.events_1, constraint events_pkey primary key (position))
        partition by range (position);
      create trigger append_only before update or delete on log.events
        for each row execute function log.refuse_change();
      create trigger never_truncated before truncate on log.events
        for each statement execute function log.refuse_change();

      do $$
      declare
        last bigint;
      begin
        select greatest(ceil(h.position::numeric / ${PARTITION_SIZE}), 1) * ${PARTITION_SIZE}
        into strict last from log.head h;
        -- With this check, attaching takes the rows as they are.
        execute format('alter table log.events_1 add constraint events_1_range check (position <= %s)', last);
        execute format('alter table log.events attach partition log.events_1 for values from (minvalue) to (%s)',
          last + 1);
        alter table log.events_1 drop constraint events_1_range;
        update log.head set partitioned = last;
        insert into log.partitions (first_position, last_position) values (1, last);
        if exists (select 1 from log.eventstoredb) then
          create trigger copied_only before insert on log.events
            for each statement execute function log.refuse_other_writers();
        end if;
      end
      $$;

      -- Where each event lies, without what it says.
      create view log.places as
        select position, stream, version, id, type, recorded_at from log.event_index
        union all
        select position, stream, version, id, type, recorded_at from log.events
        where position > (select indexed from log.head);
    `)

    this.schema.raw(`
      -- Makes a partition and attaches it, which keeps neither readers nor appends waiting.
      create function log.add_partition(first bigint, last bigint) returns void language plpgsql as $$
      declare
        name text := 'events_' || first;
      begin
        execute format('create table log.%I (like log.events, constraint %I primary key (position),
          constraint %I unique (stream, version), constraint %I unique (id))',
          name, name || '_pkey', name || '_stream_version', name || '_id');
        execute format('create index %I on log.%I (type, position)', name || '_type', name);
        execute format('create trigger never_truncated before truncate on log.%I
          for each statement execute function log.refuse_change()', name);
        execute format('alter table log.events attach partition log.%I for values from (%s) to (%s)',
          name, case when first = 1 then 'minvalue' else first::text end, last + 1);
        insert into log.partitions (first_position, last_position) values (first, last);
        update log.head set partitioned = last where partitioned < last;
      end
      $$;

      -- Sees to it that there are partitions up to a position, and for half a partition beyond it. The caller holds the
      -- head's lock. While there is room, somebody else's lock on the table is not waited for: the next append tries again.
      create function log.make_room(through bigint) returns void language plpgsql as $$
      declare
        head record;
      begin
        select h.partitioned, h.partition_size into strict head from log.head h;
        if head.partitioned >= through then
          begin
            lock table only log.events in share update exclusive mode nowait;
          exception when lock_not_available then
            return;
          end;
        end if;
        while head.partitioned - head.partition_size / 2 < through loop
          perform log.add_partition(head.partitioned + 1, head.partitioned + head.partition_size);
          head.partitioned := head.partitioned + head.partition_size;
        end loop;
      end
      $$;

      -- Begins anew with empty partitions for the positions after one and up to another. What was there is dropped.
      create function log.lay_out(after_position bigint, through bigint) returns void language plpgsql as $$
      declare
        old bigint;
      begin
        perform 1 from log.head for update;
        for old in delete from log.partitions returning first_position loop
          execute format('drop table log.%I', 'events_' || old);
        end loop;
        update log.head set partitioned = after_position;
        perform log.make_room(greatest(through, after_position + 1));
      end
      $$;

      -- Takes the next events of partitions that are full into the index, so many at most; answers whether there are more.
      -- One caller at a time does the work.
      create function log.index_events(most integer) returns boolean language plpgsql as $$
      declare
        head record;
        full_to bigint;
        through bigint;
      begin
        if not pg_try_advisory_xact_lock(hashtext('log.event_index')) then
          return false;
        end if;
        select h.position, h.indexed into strict head from log.head h;
        select coalesce(max(p.last_position), 0) into full_to
        from log.partitions p where p.last_position <= head.position;
        through := least(full_to, head.indexed + most);
        if through > head.indexed then
          insert into log.event_index (position, stream, version, id, type, recorded_at)
          select e.position, e.stream, e.version, e.id, e.type, e.recorded_at
          from log.events e where e.position > head.indexed and e.position <= through order by e.position;
          -- Last, since appends wait for whoever has changed the head.
          update log.head set indexed = through;
        end if;
        return through < full_to;
      end
      $$;
    `)
  }

  override async down() {
    throw new Error('A log in partitions is not put together again: restore a backup of before')
  }
}

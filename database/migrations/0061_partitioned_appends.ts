import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * `log.append_batch` for a log in partitions: it looks at the newest and at the index of the others, never at all of them.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      -- Appends a batch: one row of the a_ arrays an append, one row of the e_ arrays an event (e_append: its append,
      -- from 1). a_expected: a version, or -1 any, -2 exists; a_previous: the append before it in this batch to the same
      -- stream, or 0; a_sizes: how many events it has. a_guards: {"claims": [[action, scope, value]],
      -- "budgets": [[scope, delta, limit]]} or null.
      -- Each append stands alone: its outcome is one row, and a refused one leaves no trace.
      -- Statuses: appended, repeated, version_conflict, claim_taken, budget_exceeded, command_reused, duplicate_event.
      -- Statements are few and loops count over arrays because each query in PL/pgSQL costs more than the work in it.
      create or replace function log.append_batch(
        a_streams text[], a_expected integer[], a_previous integer[], a_sizes integer[], a_metadata text[],
        a_commands text[], a_fingerprints text[], a_guards text[],
        e_append integer[], e_ids uuid[], e_types text[], e_schema_versions integer[], e_data text[],
        check_ids boolean
      ) returns table (
        ordinal integer, status text, version integer, first_position bigint, last_position bigint, detail json
      ) language plpgsql as $$
      declare
        head record;
        recorded_ms text;
        position_now bigint;
        hash_now bytea;
        versions integer[];
        next_versions integer[];
        positions bigint[];
        event_versions integer[];
        hashes bytea[];
        current integer;
        owner integer;
        known record;
        duplicate record;
        refusal record;
      begin
        select h.position, h.hash,
          greatest(date_trunc('milliseconds', clock_timestamp()), h.recorded_at) as recorded,
          h.indexed, h.partitioned - h.partition_size / 2 as roomy_to
        into strict head from log.head h for update;
        position_now := head.position;

        versions := array(
          select coalesce(
            (select e.version from log.events e where e.stream = a.stream and e.position > head.indexed
              order by e.version desc limit 1),
            (select x.version from log.event_index x where x.stream = a.stream order by x.version desc limit 1))
          from unnest(a_streams) as a(stream)
        );

        for i in 1 .. cardinality(a_streams) loop
          ordinal := i; version := null; first_position := null; last_position := null; detail := null;
          if a_previous[i] > 0 then
            versions[i] := versions[a_previous[i]];
          end if;
          current := coalesce(versions[i], 0);

          if a_commands[i] is not null then
            select * into known from log.commands c where c.id = a_commands[i];
            if found then
              if known.fingerprint = a_fingerprints[i] then
                status := 'repeated';
                version := known.version;
                first_position := known.first_position;
                last_position := known.last_position;
              else
                status := 'command_reused';
              end if;
              return next;
              continue;
            end if;
          end if;

          if check_ids then
            select x.id, x.stream, x.version, x.position into duplicate
            from unnest(e_append, e_ids) with ordinality as u(append, id, o)
            cross join lateral (
              select e.id, e.stream, e.version, e.position from log.events e
              where e.id = u.id and e.position > head.indexed
              union all
              select k.id, k.stream, k.version, k.position from log.event_index k where k.id = u.id
            ) as x
            where u.append = i order by u.o limit 1;
            if found then
              status := 'duplicate_event';
              detail := json_build_object('id', duplicate.id, 'stream', duplicate.stream,
                'version', duplicate.version, 'position', duplicate.position);
              return next;
              continue;
            end if;
          end if;

          if a_expected[i] <> current and a_expected[i] <> -1 and not (a_expected[i] = -2 and current > 0) then
            status := 'version_conflict';
            version := current;
            return next;
            continue;
          end if;

          if a_guards[i] is not null then
            select * into refusal from log.apply_guards(a_guards[i]::json, a_streams[i]);
            if refusal.status is not null then
              status := refusal.status;
              detail := refusal.detail;
              return next;
              continue;
            end if;
          end if;

          next_versions[i] := current;
          current := current + a_sizes[i];
          versions[i] := current;
          status := 'appended';
          version := current;
          first_position := position_now + 1;
          position_now := position_now + a_sizes[i];
          last_position := position_now;
          if a_commands[i] is not null then
            insert into log.commands (id, fingerprint, stream, version, first_position, last_position)
            values (a_commands[i], a_fingerprints[i], a_streams[i], version, first_position, last_position);
          end if;
          return next;
        end loop;

        if position_now = head.position then
          return;
        end if;

        recorded_ms := (extract(epoch from head.recorded) * 1000)::bigint::text;
        position_now := head.position;
        hash_now := head.hash;
        for j in 1 .. cardinality(e_append) loop
          owner := e_append[j];
          if next_versions[owner] is not null then
            position_now := position_now + 1;
            current := next_versions[owner] + 1;
            next_versions[owner] := current;
            hash_now := sha256(hash_now || convert_to(concat_ws(E'\\n',
              position_now, a_streams[owner], current, e_ids[j], e_types[j], e_schema_versions[j],
              recorded_ms, e_data[j], a_metadata[owner]), 'UTF8'));
            positions[j] := position_now;
            event_versions[j] := current;
            hashes[j] := hash_now;
          else
            positions[j] := null;
            event_versions[j] := null;
            hashes[j] := null;
          end if;
        end loop;

        if position_now > head.roomy_to then
          perform log.make_room(position_now);
        end if;
        with written as (
          insert into log.events
            (position, stream, version, id, type, schema_version, data, metadata, recorded_at, hash)
          select u.position, a_streams[u.append], u.version, u.id, u.type, u.schema_version, u.data::json,
            a_metadata[u.append]::json, head.recorded, u.hash
          from unnest(e_append, e_ids, e_types, e_schema_versions, e_data, positions, event_versions, hashes)
            as u(append, id, type, schema_version, data, position, version, hash)
          where u.position is not null
        )
        update log.head set position = position_now, hash = hash_now, recorded_at = head.recorded;
      end
      $$;
    `)
  }

  override async down() {
    throw new Error('The functions of a log in partitions go with it: restore a backup of before')
  }
}

import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * The log. `append_batch` is the only way in: it holds the head's row lock from its first statement to the commit,
 * so positions are dense and become visible in order.
 */
export default class extends BaseSchema {
  async up() {
    this.schema.raw(`
      create schema log;

      create table log.head (
        singleton boolean primary key default true check (singleton),
        position bigint not null,
        hash bytea not null,
        recorded_at timestamptz(3) not null
      ) with (fillfactor = 50);

      insert into log.head (position, hash, recorded_at)
      values (0, sha256('picfast'::bytea), 'epoch');

      create table log.events (
        position bigint primary key,
        stream text collate "C" not null check (stream ~ '^[a-z_]+(-[0-9A-Za-z_.:]+)?$'),
        version integer not null check (version > 0),
        id uuid not null,
        type text collate "C" not null,
        schema_version smallint not null check (schema_version > 0),
        data json not null,
        metadata json not null,
        recorded_at timestamptz(3) not null,
        hash bytea not null,
        constraint events_stream_version unique (stream, version),
        constraint events_id unique (id)
      );

      create function log.refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception 'the event log is append-only' using errcode = 'restrict_violation';
      end
      $$;

      create trigger append_only before update or delete on log.events
        for each row execute function log.refuse_change();
      create trigger never_truncated before truncate on log.events
        for each statement execute function log.refuse_change();

      create table log.commands (
        id text collate "C" primary key,
        fingerprint text collate "C" not null,
        stream text collate "C" not null,
        version integer not null,
        first_position bigint not null,
        last_position bigint not null
      );

      create table log.claims (
        scope text collate "C" not null,
        value text collate "C" not null,
        stream text collate "C" not null,
        primary key (scope, value)
      );

      create table log.budgets (
        scope text collate "C" primary key,
        used bigint not null
      ) with (fillfactor = 70);

      create sequence log.image_ids;
      create sequence log.album_ids;
      create sequence log.account_ids;
      create sequence log.api_token_ids;
      create sequence log.group_ids start 100;
      create sequence log.strategy_ids start 100;
    `)

    this.schema.raw(`
      -- Appends a batch: one row of the a_ arrays an append, one row of the e_ arrays an event (e_append: its append,
      -- from 1). a_expected: a version, or -1 any, -2 exists; a_previous: the append before it in this batch to the same
      -- stream, or 0. a_guards: {"claims": [[action, scope, value]], "budgets": [[scope, delta, limit]]} or null.
      -- Each append stands alone: its outcome is one row, and a refused one leaves no trace.
      -- Statuses: appended, repeated, version_conflict, claim_taken, budget_exceeded, command_reused, duplicate_event.
      create function log.append_batch(
        a_streams text[], a_expected integer[], a_previous integer[], a_metadata text[],
        a_commands text[], a_fingerprints text[], a_guards text[],
        e_append integer[], e_ids uuid[], e_types text[], e_schema_versions integer[], e_data text[],
        check_ids boolean
      ) returns table (
        ordinal integer, status text, version integer, first_position bigint, last_position bigint, detail json
      ) language plpgsql as $$
      declare
        head record;
        recorded timestamptz(3);
        recorded_ms text;
        position_now bigint;
        hash_now bytea;
        versions integer[];
        sizes integer[];
        accepted boolean[] := array_fill(false, array[cardinality(a_streams)]);
        next_version integer[] := array_fill(0, array[cardinality(a_streams)]);
        positions bigint[] := '{}';
        event_versions integer[] := '{}';
        hashes bytea[] := '{}';
        known record;
        duplicate record;
        guard json;
        item json;
        holder text;
        sum_now bigint;
        append record;
        event record;
      begin
        select h.position, h.hash, h.recorded_at into strict head from log.head h for update;
        recorded := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at);
        recorded_ms := (extract(epoch from recorded) * 1000)::bigint::text;
        position_now := head.position;
        hash_now := head.hash;

        select array_agg(coalesce(
          (select e.version from log.events e where e.stream = a.stream order by e.version desc limit 1), 0
        ) order by a.ordinality)
        into versions from unnest(a_streams) with ordinality as a(stream, ordinality);

        select array_agg(coalesce(s.size, 0) order by a.i) into sizes
        from generate_subscripts(a_streams, 1) as a(i)
        left join (select u.append, count(*)::integer as size from unnest(e_append) as u(append) group by 1) s
          on s.append = a.i;

        for append in
          select * from unnest(
            a_streams, a_expected, a_previous, a_commands, a_fingerprints, a_guards
          ) with ordinality as a(stream, expected, previous, command, fingerprint, guards, i)
        loop
          ordinal := append.i; version := null; first_position := null; last_position := null; detail := null;
          if append.previous > 0 then
            versions[append.i] := versions[append.previous];
          end if;

          if append.command is not null then
            select * into known from log.commands c where c.id = append.command;
            if found then
              if known.fingerprint = append.fingerprint then
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
            join log.events x on x.id = u.id
            where u.append = append.i order by u.o limit 1;
            if found then
              status := 'duplicate_event';
              detail := json_build_object('id', duplicate.id, 'stream', duplicate.stream,
                'version', duplicate.version, 'position', duplicate.position);
              return next;
              continue;
            end if;
          end if;

          if not (append.expected = -1
            or (append.expected = -2 and versions[append.i] > 0)
            or append.expected = versions[append.i]) then
            status := 'version_conflict';
            version := versions[append.i];
            return next;
            continue;
          end if;

          if append.guards is not null then
            guard := append.guards::json;
            status := null;
            for item in select * from json_array_elements(guard -> 'claims') loop
              continue when item ->> 0 <> 'take';
              select c.stream into holder from log.claims c
              where c.scope = item ->> 1 and c.value = item ->> 2;
              if found then
                status := 'claim_taken';
                detail := json_build_object('scope', item ->> 1);
                exit;
              end if;
            end loop;
            if status is null then
              for item in select * from json_array_elements(guard -> 'budgets') loop
                continue when item ->> 2 is null or (item ->> 1)::bigint <= 0;
                select coalesce((select b.used from log.budgets b where b.scope = item ->> 0), 0) into sum_now;
                if sum_now + (item ->> 1)::bigint > (item ->> 2)::bigint then
                  status := 'budget_exceeded';
                  detail := json_build_object('scope', item ->> 0, 'limit', (item ->> 2)::bigint,
                    'used', sum_now, 'requested', (item ->> 1)::bigint);
                  exit;
                end if;
              end loop;
            end if;
            if status is not null then
              return next;
              continue;
            end if;
            for item in select * from json_array_elements(guard -> 'claims') loop
              if item ->> 0 = 'take' then
                insert into log.claims (scope, value, stream) values (item ->> 1, item ->> 2, append.stream);
              else
                delete from log.claims c
                where c.scope = item ->> 1 and c.value = item ->> 2 and c.stream = append.stream;
              end if;
            end loop;
            for item in select * from json_array_elements(guard -> 'budgets') loop
              insert into log.budgets as b (scope, used) values (item ->> 0, (item ->> 1)::bigint)
              on conflict (scope) do update set used = b.used + excluded.used;
            end loop;
          end if;

          accepted[append.i] := true;
          next_version[append.i] := versions[append.i];
          versions[append.i] := versions[append.i] + sizes[append.i];
          status := 'appended';
          version := versions[append.i];
          first_position := position_now + 1;
          position_now := position_now + sizes[append.i];
          last_position := position_now;
          if append.command is not null then
            insert into log.commands (id, fingerprint, stream, version, first_position, last_position)
            values (append.command, append.fingerprint, append.stream, version, first_position, last_position);
          end if;
          return next;
        end loop;

        if position_now = head.position then
          return;
        end if;

        position_now := head.position;
        for event in
          select u.*, a.stream, a.metadata
          from unnest(e_append, e_ids, e_types, e_schema_versions, e_data)
            with ordinality as u(append, id, type, schema_version, data, o)
          join unnest(a_streams, a_metadata) with ordinality as a(stream, metadata, i) on a.i = u.append
          order by u.o
        loop
          if accepted[event.append] then
            position_now := position_now + 1;
            next_version[event.append] := next_version[event.append] + 1;
            hash_now := sha256(hash_now || convert_to(concat_ws(E'\\n',
              position_now, event.stream, next_version[event.append], event.id, event.type, event.schema_version,
              recorded_ms, event.data, event.metadata), 'UTF8'));
            positions := array_append(positions, position_now);
            event_versions := array_append(event_versions, next_version[event.append]);
            hashes := array_append(hashes, hash_now);
          else
            positions := array_append(positions, null);
            event_versions := array_append(event_versions, null);
            hashes := array_append(hashes, null);
          end if;
        end loop;

        insert into log.events
          (position, stream, version, id, type, schema_version, data, metadata, recorded_at, hash)
        select u.position, a.stream, u.version, u.id, u.type, u.schema_version, u.data::json, a.metadata::json,
          recorded, u.hash
        from unnest(e_append, e_ids, e_types, e_schema_versions, e_data, positions, event_versions, hashes)
          as u(append, id, type, schema_version, data, position, version, hash)
        join unnest(a_streams, a_metadata) with ordinality as a(stream, metadata, i) on a.i = u.append
        where u.position is not null
        order by u.position;

        update log.head set position = position_now, hash = hash_now, recorded_at = recorded;
      end
      $$;
    `)
  }

  async down() {
    this.schema.raw('drop schema log cascade')
  }
}

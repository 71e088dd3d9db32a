import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * The functions of a log that is in EventStoreDB, for an ordered copy in partitions.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      -- Reserves what appends need before they go out: one element of the r_ arrays an append; r_event_ids: {…} of the ids
      -- that the caller chose, or null; r_expected and r_guards as in append_batch. Statuses: reserved, busy (it hangs on a
      -- reservation that is not settled: ask again), repeated, command_reused, duplicate_event, version_conflict,
      -- claim_taken, budget_exceeded.
      -- Reservations are looked at before what is settled, since settling moves from the one to the other.
      create or replace function log.reserve(
        r_owner uuid, r_seconds integer, r_ids uuid[], r_streams text[], r_expected integer[], r_commands text[],
        r_fingerprints text[], r_event_ids text[], r_guards text[]
      ) returns table (
        ordinal integer, status text, version integer, first_position bigint, last_position bigint, detail json
      ) language plpgsql as $$
      declare
        wanted_guards json;
        given uuid[];
        busy boolean;
        current integer;
        indexed bigint;
        known record;
      begin
        perform pg_advisory_xact_lock(hashtext('log.reservations'));
        select h.indexed into strict indexed from log.head h;
        for i in 1 .. cardinality(r_ids) loop
          ordinal := i; status := null; version := null; first_position := null; last_position := null; detail := null;
          wanted_guards := coalesce(r_guards[i], '{"claims": [], "budgets": []}')::json;
          given := coalesce(r_event_ids[i], '{}')::uuid[];
          busy := exists (
            select 1 from log.reservations r
            where r.command = r_commands[i] or r.event_ids && given or exists (
              select 1 from json_array_elements(r.guards -> 'claims') as held(claim)
              join json_array_elements(wanted_guards -> 'claims') as wanted(claim)
                on held.claim ->> 1 = wanted.claim ->> 1 and held.claim ->> 2 = wanted.claim ->> 2
              where held.claim ->> 0 = 'take' and wanted.claim ->> 0 = 'take'
            )
          );

          select * into known from log.commands c where c.id = r_commands[i];
          if found then
            if known.fingerprint = r_fingerprints[i] then
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

          select x.id, x.stream, x.version, x.position into known
          from unnest(given) with ordinality as u(id, o)
          cross join lateral (
            select e.id, e.stream, e.version, e.position from log.events e where e.id = u.id and e.position > indexed
            union all
            select k.id, k.stream, k.version, k.position from log.event_index k where k.id = u.id
          ) as x
          order by u.o limit 1;
          if found then
            status := 'duplicate_event';
            detail := json_build_object('id', known.id, 'stream', known.stream, 'version', known.version,
              'position', known.position);
            return next;
            continue;
          end if;

          current := coalesce(
            (select e.version from log.events e where e.stream = r_streams[i] and e.position > indexed
              order by e.version desc limit 1),
            (select x.version from log.event_index x where x.stream = r_streams[i] order by x.version desc limit 1),
            0);
          if r_expected[i] >= 0 and current > r_expected[i] then
            status := 'version_conflict';
            version := current;
            return next;
            continue;
          end if;

          select 'claim_taken', json_build_object('scope', g.claim ->> 1) into status, detail
          from json_array_elements(wanted_guards -> 'claims') as g(claim)
          join log.claims c on c.scope = g.claim ->> 1 and c.value = g.claim ->> 2
          where g.claim ->> 0 = 'take' limit 1;
          if found then
            return next;
            continue;
          end if;

          select case when sum.used + sum.requested > sum.bound then 'budget_exceeded' else 'busy' end,
            json_build_object('scope', sum.scope, 'limit', sum.bound, 'used', sum.used, 'requested', sum.requested)
            into status, detail
          from (
            select g.budget ->> 0 as scope, (g.budget ->> 1)::bigint as requested, (g.budget ->> 2)::bigint as bound,
              coalesce((select b.used from log.budgets b where b.scope = g.budget ->> 0), 0) as used,
              coalesce((
                select sum((p.budget ->> 1)::bigint)
                from log.reservations r cross join json_array_elements(r.guards -> 'budgets') as p(budget)
                where p.budget ->> 0 = g.budget ->> 0 and (p.budget ->> 1)::bigint > 0
              ), 0) as pending
            from json_array_elements(wanted_guards -> 'budgets') as g(budget)
          ) as sum
          where sum.requested > 0 and sum.used + sum.pending + sum.requested > sum.bound
          order by sum.used + sum.requested > sum.bound desc limit 1;
          if found then
            return next;
            continue;
          end if;

          if busy then
            status := 'busy';
          else
            status := 'reserved';
            insert into log.reservations (id, owner, deadline, stream, command, event_ids, guards)
            values (r_ids[i], r_owner, clock_timestamp() + make_interval(secs => r_seconds), r_streams[i], r_commands[i],
              given, wanted_guards);
          end if;
          return next;
        end loop;
      end
      $$;

      -- Copies events from EventStoreDB in its order: gives them dense positions, extends the chain, and settles claims,
      -- budgets and commands of their appends. after_: where the reader began; events that are here are passed over.
      -- e_appends: what the append of an event brought along, told with its first event, or null.
      -- Answers the log's last position, or null when the batch begins after what is here.
      create or replace function log.copy_batch(
        after_commit bigint, after_prepare bigint, e_commits bigint[], e_prepares bigint[], e_streams text[],
        e_versions integer[], e_ids uuid[], e_types text[], e_schema_versions integer[], e_data text[], e_metadata text[],
        e_recorded bigint[], e_appends text[]
      ) returns bigint language plpgsql as $$
      declare
        head record;
        place record;
        first integer := 1;
        last integer := cardinality(e_ids);
        position_now bigint;
        hash_now bytea;
        recorded_now bigint;
        positions bigint[];
        hashes bytea[];
        recorded bigint[];
        append json;
      begin
        select h.position, h.hash, (extract(epoch from h.recorded_at) * 1000)::bigint as recorded,
          h.partitioned - h.partition_size / 2 as roomy_to
        into strict head from log.head h for update;
        select * into place from log.eventstoredb;
        if place is null or (after_commit, after_prepare) > (place.commit_position, place.prepare_position) then
          return null;
        end if;
        while first <= last
          and (e_commits[first], e_prepares[first]) <= (place.commit_position, place.prepare_position) loop
          first := first + 1;
        end loop;
        if first > last then
          return head.position;
        end if;

        position_now := head.position;
        hash_now := head.hash;
        recorded_now := head.recorded;
        for j in first .. last loop
          position_now := position_now + 1;
          recorded_now := greatest(recorded_now, e_recorded[j]);
          hash_now := sha256(hash_now || convert_to(concat_ws(E'\\n',
            position_now, e_streams[j], e_versions[j], e_ids[j], e_types[j], e_schema_versions[j],
            recorded_now, e_data[j], e_metadata[j]), 'UTF8'));
          positions[j] := position_now;
          hashes[j] := hash_now;
          recorded[j] := recorded_now;
          if e_appends[j] is not null then
            append := e_appends[j]::json;
            delete from log.claims c using json_array_elements(append -> 'claims') as g(claim)
            where g.claim ->> 0 = 'release' and c.scope = g.claim ->> 1 and c.value = g.claim ->> 2
              and c.stream = e_streams[j];
            insert into log.claims (scope, value, stream)
            select g.claim ->> 1, g.claim ->> 2, e_streams[j]
            from json_array_elements(append -> 'claims') as g(claim) where g.claim ->> 0 = 'take'
            on conflict do nothing;
            insert into log.budgets as b (scope, used)
            select g.budget ->> 0, (g.budget ->> 1)::bigint
            from json_array_elements(append -> 'budgets') as g(budget)
            on conflict (scope) do update set used = b.used + excluded.used;
            if append ->> 'command' is not null then
              insert into log.commands (id, fingerprint, stream, version, first_position, last_position)
              values (append -> 'command' ->> 0, append -> 'command' ->> 1, e_streams[j],
                e_versions[j] + (append ->> 'size')::integer - 1, position_now,
                position_now + (append ->> 'size')::integer - 1)
              on conflict do nothing;
            end if;
          end if;
        end loop;
        delete from log.reservations r where r.id = any(e_ids);

        if position_now > head.roomy_to then
          perform log.make_room(position_now);
        end if;
        perform set_config('log.copying', 'on', true);
        insert into log.events
          (position, stream, version, id, type, schema_version, data, metadata, recorded_at, hash)
        select u.position, u.stream, u.version, u.id, u.type, u.schema_version, u.data::json, u.metadata::json,
          timestamptz 'epoch' + u.recorded * interval '1 millisecond', u.hash
        from unnest(positions, e_streams[first:], e_versions[first:], e_ids[first:], e_types[first:],
            e_schema_versions[first:], e_data[first:], e_metadata[first:], recorded, hashes)
          as u(position, stream, version, id, type, schema_version, data, metadata, recorded, hash);
        perform set_config('log.copying', 'off', true);
        update log.head set position = position_now, hash = hash_now,
          recorded_at = timestamptz 'epoch' + recorded_now * interval '1 millisecond';
        update log.eventstoredb set commit_position = e_commits[last], prepare_position = e_prepares[last];
        return position_now;
      end
      $$;
    `)
  }

  override async down() {
    throw new Error('The functions of a log in partitions go with it: restore a backup of before')
  }
}

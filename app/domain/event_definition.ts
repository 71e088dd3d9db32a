import type { z } from 'zod'

/** A JSON value, as it is stored in the log. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/**
 * How a person's data in a payload is protected: the named top-level fields are encrypted under the key
 * of the account that `subject` names, and read back as `null` once that key is erased.
 * `null` as a subject means a visitor without an account.
 */
export interface PersonalFields<Data> {
  fields: readonly string[]
  subject(data: Data): number | null
}

/** One event type: its name, the version of its payload's shape, and the schema a payload must meet when written. */
export interface EventDefinition<Type extends string = string, Data = object> {
  type: Type
  schemaVersion: number
  schema: z.ZodType<Data>
  personal: PersonalFields<Data> | null
}

/** An event before it is written: its type and its payload. */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Data> ? { type: Type; data: Data } : never

/** The union of the events that a list of definitions declares. */
export type EventsOf<Definitions extends readonly unknown[]> = {
  [Index in keyof Definitions]: EventOf<Definitions[Index]>
}[number]

/** Declares an event type; the payload's TypeScript type follows from the schema. */
export function defineEvent<Type extends string, Data extends object>(
  type: Type,
  definition: {
    schemaVersion: number
    schema: z.ZodType<Data>
    personal?: PersonalFields<NoInfer<Data>>
  }
): EventDefinition<Type, Data> {
  return {
    type,
    schemaVersion: definition.schemaVersion,
    schema: definition.schema,
    personal: definition.personal ?? null,
  }
}

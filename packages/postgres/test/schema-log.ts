/** What is in a schema, and what was done to come there. */

import type { TestDatabase } from '@coffer-tooling/postgres'
import pg from 'pg'

/** Writes down every change of a schema in the database that is committed. */
export interface SchemaLog {
  /** The committed changes of a schema, each with its object, in text order. */
  changes(schema: string): Promise<readonly string[]>
  /**
   * What the catalogue says of everything in a schema.
   *
   * @param withIdentity with what changes when an object is made anew or touched
   */
  shape(schema: string, withIdentity?: boolean): Promise<readonly string[]>
  end(): Promise<void>
}

/** Starts the log. It runs as a superuser, beside those who change schemas. */
export async function schemaLog(database: TestDatabase): Promise<SchemaLog> {
  const client = new pg.Client({ connectionString: database.superuserUrl })
  await client.connect()
  await client.query(SET_UP)
  const lines = async (text: string, parameters: readonly unknown[]): Promise<readonly string[]> => {
    const { rows } = await client.query<{ line: string }>(text, [...parameters])
    return rows.map(({ line }) => line).sort()
  }
  return {
    changes: async (schema) =>
      (
        await lines('SELECT tag || $2 || identity AS line FROM public.schema_log WHERE schema = $1', [
          schema,
          ' ',
        ])
      ).map((line) => line.replaceAll(schema, 'the schema')),
    shape: (schema, withIdentity = false) => lines(SHAPE, [schema, withIdentity]),
    end: () => client.end(),
  }
}

const SET_UP = `
  CREATE TABLE public.schema_log (schema text, tag text, identity text);
  CREATE FUNCTION public.log_changes() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO public.schema_log
      SELECT coalesce(schema_name, object_identity), command_tag, object_identity FROM pg_event_trigger_ddl_commands();
  END $$;
  CREATE FUNCTION public.log_drops() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO public.schema_log SELECT schema_name, 'drop', object_identity FROM pg_event_trigger_dropped_objects();
  END $$;
  CREATE EVENT TRIGGER log_changes ON ddl_command_end EXECUTE FUNCTION public.log_changes();
  CREATE EVENT TRIGGER log_drops ON sql_drop EXECUTE FUNCTION public.log_drops();
`

/** Without identity the columns are told by name alone: those of a table that was altered come in another order. */
const SHAPE = `
  WITH relation AS (
    SELECT class.xmin, class.* FROM pg_class AS class WHERE class.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  )
  SELECT concat_ws(' ', 'relation', relname, relkind, relrowsecurity, relforcerowsecurity,
    CASE WHEN $2 THEN concat_ws(' ', oid, relfilenode, xmin) END) AS line FROM relation
  UNION ALL
  SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull, attcollation,
    CASE WHEN $2 THEN concat_ws(' ', attnum, attribute.xmin) END)
    FROM relation JOIN pg_attribute AS attribute ON attrelid = relation.oid
    WHERE attnum > 0 AND NOT attisdropped AND relkind = 'r'
  UNION ALL
  SELECT concat_ws(' ', 'index', pg_get_indexdef(relation.oid), indisvalid)
    FROM relation JOIN pg_index ON indexrelid = relation.oid
  UNION ALL
  SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(pg_trigger.oid), tgenabled, CASE WHEN $2 THEN pg_trigger.oid END)
    FROM relation JOIN pg_trigger ON tgrelid = relation.oid
  UNION ALL
  SELECT concat_ws(' ', 'policy', polname, relname, CASE WHEN $2 THEN policy.oid END)
    FROM relation JOIN pg_policy AS policy ON polrelid = relation.oid
`

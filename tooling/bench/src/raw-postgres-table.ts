/** The table that a person would make for steps, which is the one that Coffer makes. */

/** The only tenant. */
export const TENANT = 'default'

/** Makes the table and its indexes. */
export const CREATE_TABLE = `
  CREATE TABLE steps (
    session_id text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, at timestamptz NOT NULL,
    _tenant text COLLATE "C" NOT NULL, _id text COLLATE "C" NOT NULL,
    _version bigint NOT NULL, _schema_version bigint NOT NULL,
    _created_at timestamptz NOT NULL, _updated_at timestamptz NOT NULL,
    _expires_at timestamptz, _deleted_at timestamptz, _hash text COLLATE "C",
    _doc jsonb NOT NULL,
    PRIMARY KEY (_tenant, _id)
  );
  CREATE INDEX by_session_and_time ON steps (_tenant, session_id, at, _id);
  CREATE INDEX by_deadline ON steps (_expires_at) WHERE _expires_at IS NOT NULL;
  CREATE INDEX by_deletion ON steps (_deleted_at) WHERE _deleted_at IS NOT NULL;
`

/** The beginning of every upsert; five values of a step follow, then those that are the same for all. */
export const INSERT = `
  INSERT INTO steps (_id, session_id, kind, at, _doc,
    _tenant, _version, _schema_version, _created_at, _updated_at)`

/** The values of an upsert that are the same for every step. */
export const CONSTANTS = `'${TENANT}', 1, 1, now(), now()`

/** The end of every upsert. */
export const ON_CONFLICT = `
  ON CONFLICT (_tenant, _id) DO UPDATE SET
    session_id = excluded.session_id, kind = excluded.kind, at = excluded.at, _doc = excluded._doc,
    _version = steps._version + 1, _updated_at = excluded._updated_at`

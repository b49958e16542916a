CREATE TABLE tuf_files (id serial PRIMARY KEY, created_at timestamp, updated_at timestamp,
  deleted_at timestamp, gun varchar(255) NOT NULL, role varchar(255) NOT NULL, version integer NOT NULL,
  data bytea NOT NULL, sha256 char(64), UNIQUE (gun, role, version));
CREATE INDEX tuf_files_sha256_idx ON tuf_files (sha256);
CREATE TABLE change_category (category varchar(20) PRIMARY KEY);
INSERT INTO change_category VALUES ('update'), ('deletion');
CREATE TABLE changefeed (id serial PRIMARY KEY, created_at timestamp DEFAULT CURRENT_TIMESTAMP,
  gun varchar(255) NOT NULL, version integer NOT NULL, sha256 char(64),
  category varchar(20) NOT NULL DEFAULT 'update' REFERENCES change_category);
CREATE INDEX idx_changefeed_gun ON changefeed (gun);

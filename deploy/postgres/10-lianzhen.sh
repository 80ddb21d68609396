#!/bin/sh
# Runs once, on an empty data folder: both logins, the database, its extensions. The same as the launcher does for a demo.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
    --set owner_password="$OWNER_DB_PASSWORD" --set app_password="$APP_DB_PASSWORD" <<'SQL'
-- Migrates, provisions, backs up. Makes a role per tenant and may take it on (PostgreSQL 16 and newer need the grant).
CREATE ROLE lianzhen_owner LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE lianzhen_owner SET createrole_self_grant = 'set';
-- Owns nothing and inherits nothing: without a tenant's role it reads no row.
CREATE ROLE lianzhen_app LOGIN NOINHERIT NOCREATEROLE NOCREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE lianzhen OWNER lianzhen_owner TEMPLATE template0;
REVOKE ALL ON DATABASE lianzhen FROM PUBLIC;
GRANT CONNECT ON DATABASE lianzhen TO lianzhen_app;
SQL

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname lianzhen <<'SQL'
CREATE SCHEMA ext AUTHORIZATION lianzhen_owner;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
CREATE EXTENSION btree_gist SCHEMA ext;
CREATE EXTENSION pg_trgm SCHEMA ext;
SQL

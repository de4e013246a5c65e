//! The differences between the two databases in statements and results.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Column as _, Postgres, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::sql::error::StoreError;
use crate::sql::rows::{Column, ColumnNames, Row, Rows, Value};

const CLOCK_PG: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
const CLOCK_LITE: &str = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

pub(crate) type PgQuery = sqlx::query::Query<'static, Postgres, PgArguments>;
pub(crate) type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// Replaces each `{join …}` and `{left join …}` with what `as_sql` makes of its kind, table, alias and condition.
fn expand_joins(sql: &str, as_sql: impl Fn(&str, &str, &str, &str) -> String) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some((before, (kind, after))) = find_next_join(rest) {
        out.push_str(before);
        let (inside, behind) = after.split_once('}').unwrap_or((after, ""));
        let (what, condition) = inside.split_once(" ON ").unwrap_or((inside, "true"));
        let (table, alias) = what.trim().split_once(' ').unwrap_or((what, what));
        out.push_str(&as_sql(kind, table, alias, condition));
        rest = behind;
    }
    out + rest
}

fn find_next_join(sql: &str) -> Option<(&str, (&'static str, &str))> {
    let kinds = [("{join ", "JOIN"), ("{left join ", "LEFT JOIN")];
    kinds
        .iter()
        .filter_map(|(mark, kind)| sql.split_once(mark).map(|(before, after)| (before, (*kind, after))))
        .min_by_key(|(before, _)| before.len())
}

pub(crate) fn pg_query(sql: &str, args: Vec<Value>, relation: Option<Rows<'_>>) -> PgQuery {
    let mut text = expand_joins(sql, |kind, table, alias, condition| {
        format!("{kind} LATERAL (SELECT {alias}.* FROM {table} {alias} WHERE {condition} OFFSET 0) {alias} ON true")
    })
    .replace("{now}", CLOCK_PG)
    .replace("{lock}", "FOR UPDATE")
    .replace("{share}", "FOR SHARE")
    .replace("{lock_free}", "FOR UPDATE SKIP LOCKED");
    if let Some(rows) = &relation {
        text = text.replace("{rows}", &rows.pg_relation(args.len() + 1));
    }
    let mut query = sqlx::query(AssertSqlSafe(text));
    for arg in args {
        query = match arg {
            Value::Null => query.bind(None::<i64>),
            Value::Int(v) => query.bind(v),
            Value::Text(v) | Value::Verbatim(v) => query.bind(v),
            Value::Bytes(v) => query.bind(v),
        };
    }
    for (_, column) in relation.into_iter().flat_map(|r| r.columns) {
        query = match column {
            Column::Int(v) => query.bind(v),
            Column::Short(v) => query.bind(v),
            Column::Text(v) => query.bind(v.into_iter().map(|t| t.map(Cow::into_owned)).collect::<Vec<_>>()),
            Column::Bytes(v) => query.bind(v.into_iter().map(|b| b.map(<[u8]>::to_vec)).collect::<Vec<_>>()),
        };
    }
    query
}

pub(crate) fn sqlite_query(sql: &str, args: Vec<Value>, relation: Option<Rows<'_>>) -> Result<SqliteQuery, StoreError> {
    let mut text = expand_joins(sql, |kind, table, alias, condition| format!("{kind} {table} {alias} ON {condition}"))
        .replace("{now}", CLOCK_LITE)
        .replace("{lock}", "")
        .replace("{share}", "")
        .replace("{lock_free}", "");
    if let Some(rows) = &relation {
        text = text.replace("{rows}", &rows.lite_relation(args.len() + 1));
    }
    let mut query = sqlx::query(AssertSqlSafe(text));
    for arg in args {
        query = match arg {
            Value::Null => query.bind(None::<i64>),
            Value::Int(v) => query.bind(v),
            Value::Text(v) | Value::Verbatim(v) => query.bind(v),
            Value::Bytes(v) => query.bind(v),
        };
    }
    if let Some(rows) = relation {
        query = query.bind(rows.to_json()?);
    }
    Ok(query)
}

fn column_names<R: sqlx::Row>(rows: &[R]) -> Arc<ColumnNames> {
    let names = |row: &R| row.columns().iter().map(|column| column.name().to_owned()).collect();
    Arc::new(rows.first().map(|row| ColumnNames::new(names(row))).unwrap_or_default())
}

pub(crate) fn pg_rows(rows: &[PgRow]) -> Result<Vec<Row>, StoreError> {
    #[derive(Clone, Copy)]
    enum Kind {
        Int8,
        Int4,
        Bool,
        Bytes,
        Text,
    }
    let names = column_names(rows);
    let kinds: Vec<Kind> = rows.first().map_or_else(Vec::new, |row| {
        let kind = |c: &sqlx::postgres::PgColumn| match c.type_info().name() {
            "INT8" => Kind::Int8,
            "INT4" => Kind::Int4,
            "BOOL" => Kind::Bool,
            "BYTEA" => Kind::Bytes,
            _ => Kind::Text,
        };
        row.columns().iter().map(kind).collect()
    });
    rows.iter()
        .map(|row| {
            let cells = kinds.iter().enumerate().map(|(i, kind)| {
                let value = match kind {
                    Kind::Int8 => row.try_get_unchecked::<Option<i64>, _>(i)?.map(Value::Int),
                    Kind::Int4 => row.try_get_unchecked::<Option<i32>, _>(i)?.map(|v| Value::Int(v.into())),
                    Kind::Bool => row.try_get_unchecked::<Option<bool>, _>(i)?.map(|v| Value::Int(v.into())),
                    Kind::Bytes => row.try_get_unchecked::<Option<Vec<u8>>, _>(i)?.map(Value::Bytes),
                    Kind::Text => row.try_get_unchecked::<Option<String>, _>(i)?.map(Value::Text),
                };
                Ok(value.unwrap_or(Value::Null))
            });
            Ok(Row { names: names.clone(), cells: cells.collect::<Result<_, StoreError>>()? })
        })
        .collect()
}

pub(crate) fn lite_rows(rows: &[SqliteRow]) -> Result<Vec<Row>, StoreError> {
    let names = column_names(rows);
    rows.iter()
        .map(|row| {
            let cells = (0..names.len()).map(|i| {
                let raw = row.try_get_raw(i)?;
                Ok(if raw.is_null() {
                    Value::Null
                } else {
                    match raw.type_info().name() {
                        "INTEGER" => Value::Int(row.try_get_unchecked(i)?),
                        "BLOB" => Value::Bytes(row.try_get_unchecked(i)?),
                        _ => Value::Text(row.try_get_unchecked(i)?),
                    }
                })
            });
            Ok(Row { names: names.clone(), cells: cells.collect::<Result<_, StoreError>>()? })
        })
        .collect()
}

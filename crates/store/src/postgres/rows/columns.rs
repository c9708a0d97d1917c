//! Rows on their way to the database as arrays, one for each column, so that one statement takes many.

use std::borrow::Cow;

/// Element of an array, by its type in SQL.
pub(in crate::postgres) trait Element {
    const TYPE: &'static str;
}

impl Element for i64 {
    const TYPE: &'static str = "bigint";
}

impl Element for bool {
    const TYPE: &'static str = "bool";
}

impl Element for &str {
    const TYPE: &'static str = "text";
}

impl Element for String {
    const TYPE: &'static str = "text";
}

impl Element for Cow<'_, str> {
    const TYPE: &'static str = "text";
}

impl Element for &[u8] {
    const TYPE: &'static str = "bytea";
}

impl<T: Element> Element for Option<T> {
    const TYPE: &'static str = T::TYPE;
}

/// Defines a row and the arrays of many such rows by one list of columns, which is also what the statement is made of: its parameters, the
/// first of which is `$1`, and the table `i` that they are.
macro_rules! columns {
    ($(#[$meta:meta])* $row:ident in $arrays:ident { $($(#[$note:meta])* $column:ident: $type:ty,)* }) => {
        $(#[$meta])*
        struct $row<'a> {
            $($(#[$note])* $column: $type,)*
        }

        #[derive(Default)]
        struct $arrays<'a> {
            $($column: Vec<$type>,)*
        }

        impl<'a> $arrays<'a> {
            const COLUMNS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($column), <$type as $crate::postgres::rows::columns::Element>::TYPE),)*];

            fn parameters(&self) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
                vec![$(&self.$column),*]
            }
        }

        impl<'a> FromIterator<$row<'a>> for $arrays<'a> {
            fn from_iter<T: IntoIterator<Item = $row<'a>>>(rows: T) -> Self {
                let mut arrays = Self::default();
                for row in rows {
                    $(arrays.$column.push(row.$column);)*
                }
                arrays
            }
        }
    };
}

pub(in crate::postgres) use columns;

/// The arrays of these columns as the table `i` of a statement.
pub(in crate::postgres) fn table_of(columns: &[(&str, &str)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let parameters: Vec<String> = (1..)
        .zip(columns)
        .map(|(number, (_, kind))| format!("${number}::{kind}[]"))
        .collect();
    format!(
        "unnest({}) AS i ({})",
        parameters.join(", "),
        names.join(", ")
    )
}

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

/// Column of arrays: its name and its type in SQL, and the columns of tables that it is written to as it is.
pub(in crate::postgres) struct Column {
    pub(in crate::postgres) name: &'static str,
    pub(in crate::postgres) kind: &'static str,
    /// Table and column of each.
    pub(in crate::postgres) to: &'static [(&'static str, &'static str)],
}

/// Defines a row and the arrays of many such rows by one list of columns, which is also what the statement is made of: its parameters, the
/// first of which is `$1`, the table `i` that they are, and which columns of tables each is written to (`=> [table, other_table.other_name]`).
macro_rules! columns {
    ($(#[$meta:meta])* $vis:vis $row:ident in $arrays:ident { $($(#[$doc:meta])* $column:ident: $type:ty $(=> [$($table:ident $(.$target:ident)?),+])?,)* }) => {
        $(#[$meta])*
        $vis struct $row<'a> {
            $($(#[$doc])* $vis $column: $type,)*
        }

        /// Many of these rows, a column each.
        #[derive(Default)]
        $vis struct $arrays<'a> {
            $($vis $column: Vec<$type>,)*
        }

        impl<'a> $arrays<'a> {
            const COLUMNS: &'static [$crate::postgres::rows::columns::Column] = &[$($crate::postgres::rows::columns::Column {
                name: stringify!($column),
                kind: <$type as $crate::postgres::rows::columns::Element>::TYPE,
                to: &[$($((stringify!($table), $crate::postgres::rows::columns::columns!(@target $column $($target)?)),)+)?],
            },)*];

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
    (@target $column:ident) => { stringify!($column) };
    (@target $column:ident $target:ident) => { stringify!($target) };
}

pub(in crate::postgres) use columns;

/// The arrays of these columns as the table `i` of a statement.
pub(in crate::postgres) fn table_of(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let parameters: Vec<String> = (1..)
        .zip(columns)
        .map(|(number, column)| format!("${number}::{}[]", column.kind))
        .collect();
    format!(
        "unnest({}) AS i ({})",
        parameters.join(", "),
        names.join(", ")
    )
}

/// Columns of a table, each with what is written to it: first those of `i` that are written to it as they are.
fn written_to(
    table: &str,
    columns: &'static [Column],
) -> impl Iterator<Item = (&'static str, String)> {
    columns.iter().flat_map(move |column| {
        let of_table = column.to.iter().filter(move |(to, _)| *to == table);
        of_table.map(|(_, target)| (*target, format!("i.{}", column.name)))
    })
}

/// `INSERT INTO table (...) SELECT ...` of the columns of `i` that go there, and of others with an expression each.
pub(in crate::postgres) fn insert_into(
    table: &str,
    columns: &'static [Column],
    others: &[(&'static str, &str)],
) -> String {
    let others = others
        .iter()
        .map(|(column, expression)| (*column, (*expression).to_owned()));
    let (names, values): (Vec<&str>, Vec<String>) =
        written_to(table, columns).chain(others).unzip();
    format!(
        "INSERT INTO {table} ({}) SELECT {}",
        names.join(", "),
        values.join(", ")
    )
}

/// `column = i.column, ...` of the columns of `i` that go to a table.
pub(in crate::postgres) fn assignments(table: &str, columns: &'static [Column]) -> String {
    let all: Vec<String> = written_to(table, columns)
        .map(|(column, value)| format!("{column} = {value}"))
        .collect();
    all.join(", ")
}

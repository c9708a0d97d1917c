//! Statements that are made, with their values, from one list of both when the program is.

/// Statement that inserts a row, and its values. A column's value is written as it is, or as the SQL behind `=>` says, in which `?` is the value. What
/// the end of the statement has further values for stands last.
macro_rules! inserting {
    (
        $into:literal ($first:ident: $first_value:expr, $($column:ident: $value:expr $(=> $sql:literal)?,)*)
        $begin:literal $end:literal $(($($more:expr),*))?
    ) => {
        (
            concat!(
                $into, " (", stringify!($first), $(", ", stringify!($column),)* ") ",
                $begin, "?", $(", ", $crate::sqlite::statement::sql!($($sql)?),)* $end
            ),
            rusqlite::params![$first_value, $($value,)* $($($more),*)?],
        )
    };
}

/// Statement that changes a row, and its values, as [`inserting`] has them.
macro_rules! updating {
    ($update:literal ($first:ident: $first_value:expr, $($column:ident: $value:expr $(=> $sql:literal)?,)*) $end:literal ($($more:expr),*)) => {
        (
            concat!(
                $update, " ", stringify!($first), " = ?",
                $(", ", stringify!($column), " = ", $crate::sqlite::statement::sql!($($sql)?),)* " ", $end
            ),
            rusqlite::params![$first_value, $($value,)* $($more),*],
        )
    };
}

macro_rules! sql {
    () => {
        "?"
    };
    ($sql:literal) => {
        $sql
    };
}

pub(super) use {inserting, sql, updating};

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    #[test]
    fn columns_and_values_are_in_one_order() {
        let connection = Connection::open_in_memory().expect("a database");
        connection
            .execute_batch("CREATE TABLE t (a, b, c)")
            .expect("a table");
        let (insert, values) = inserting!("INSERT INTO t" (a: 1, b: 2 => "10 + ?", c: 3,) "SELECT " " WHERE 4 = ?" (4));
        assert_eq!(
            insert,
            "INSERT INTO t (a, b, c) SELECT ?, 10 + ?, ? WHERE 4 = ?"
        );
        assert_eq!(connection.execute(insert, values), Ok(1));
        let (update, values) = updating!("UPDATE t SET" (c: 4, b: 5 => "b + ?",) "WHERE a = ?" (1));
        assert_eq!(update, "UPDATE t SET c = ?, b = b + ? WHERE a = ?");
        assert_eq!(connection.execute(update, values), Ok(1));
        let row = connection.query_row("SELECT a, b, c FROM t", [], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        });
        assert_eq!(row, Ok([1, 17, 4]));
    }
}

//! Descriptions of the routes of people and groups.

use super::links::{OF_GROUP, OF_PERSON};
use super::operation::Operation;
use crate::http::page::Page;
use crate::http::people_bodies::{PutGroup, PutPerson};

const fn on(id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    Operation::new("people", id, summary, schema)
}

pub(in crate::http) const LIST: Operation =
    on("listPeople", "Lists people", "People").query::<Page>();
pub(in crate::http) const GET: Operation = on("getPerson", "Shows one person", "PersonBody");
pub(in crate::http) const PUT: Operation = on(
    "putPerson",
    "Makes a person, or replaces the one of this id",
    "PersonBody",
)
.takes::<PutPerson>()
.or_created()
.links(OF_PERSON)
.others(&[409]);
pub(in crate::http) const DELETE: Operation = on(
    "deletePerson",
    "Deletes a person who is in no group",
    "Object",
)
.no_content()
.others(&[409]);
pub(in crate::http) const LIST_GROUPS: Operation =
    on("listPeopleGroups", "Lists groups of people", "PeopleGroups").query::<Page>();
pub(in crate::http) const GET_GROUP: Operation = on(
    "getPeopleGroup",
    "Shows one group of people",
    "PeopleGroupBody",
);
pub(in crate::http) const PUT_GROUP: Operation = on(
    "putPeopleGroup",
    "Makes a group of people, or replaces the one of this id",
    "PeopleGroupBody",
)
.takes::<PutGroup>()
.or_created()
.links(OF_GROUP)
.others(&[409]);
pub(in crate::http) const DELETE_GROUP: Operation =
    on("deletePeopleGroup", "Deletes a group of people", "Object")
        .no_content()
        .others(&[409]);

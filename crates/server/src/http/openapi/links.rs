//! Links of answers in the `OpenAPI` document: from what was made or listed to the operations on
//! it.

use super::operation::Link;

pub(super) const OF_ACTION: &[Link] = &[
    ("getAction", &[("id", "$response.header.Acteon-Action-Id")]),
    ("getAudit", &[("id", "$response.header.Acteon-Action-Id")]),
    (
        "replayAction",
        &[("id", "$response.header.Acteon-Action-Id")],
    ),
];
pub(super) const OF_SILENCE: &[Link] = &[
    ("getSilence", &[("id", "$response.body#/id")]),
    ("updateSilence", &[("id", "$response.body#/id")]),
    ("expireSilence", &[("id", "$response.body#/id")]),
];
pub(super) const OF_QUOTA: &[Link] = &[
    ("getQuota", &[("id", "$response.body#/id")]),
    ("getQuotaUsage", &[("id", "$response.body#/id")]),
    ("updateQuota", &[("id", "$response.body#/id")]),
    ("deleteQuota", &[("id", "$response.body#/id")]),
];
pub(super) const OF_TEMPLATE: &[Link] = &[
    ("getTemplate", &[("id", "$response.body#/id")]),
    ("updateTemplate", &[("id", "$response.body#/id")]),
    ("deleteTemplate", &[("id", "$response.body#/id")]),
];
pub(super) const OF_PROFILE: &[Link] = &[
    ("getProfile", &[("id", "$response.body#/id")]),
    ("updateProfile", &[("id", "$response.body#/id")]),
    ("deleteProfile", &[("id", "$response.body#/id")]),
];
pub(super) const OF_PERSON: &[Link] = &[
    ("getPerson", &[("id", "$response.body#/id")]),
    ("putPerson", &[("id", "$response.body#/id")]),
    ("deletePerson", &[("id", "$response.body#/id")]),
];
pub(super) const OF_GROUP: &[Link] = &[
    ("getPeopleGroup", &[("id", "$response.body#/id")]),
    ("putPeopleGroup", &[("id", "$response.body#/id")]),
    ("deletePeopleGroup", &[("id", "$response.body#/id")]),
];
pub(super) const OF_RECURRING: &[Link] = &[
    ("getRecurring", &[("id", "$response.body#/id")]),
    ("updateRecurring", &[("id", "$response.body#/id")]),
    ("pauseRecurring", &[("id", "$response.body#/id")]),
    ("deleteRecurring", &[("id", "$response.body#/id")]),
];
/// Path parameter of a time interval, and where its body has it.
const INTERVAL_PATH: &[(&str, &str)] = &[
    ("namespace", "$response.body#/namespace"),
    ("tenant", "$response.body#/tenant"),
    ("name", "$response.body#/name"),
];
pub(super) const OF_INTERVAL: &[Link] = &[
    ("getTimeInterval", INTERVAL_PATH),
    ("updateTimeInterval", INTERVAL_PATH),
    ("deleteTimeInterval", INTERVAL_PATH),
];
pub(super) const OF_AUDIT: &[Link] = &[
    (
        "getAction",
        &[("id", "$response.body#/records/0/action_id")],
    ),
    ("getAudit", &[("id", "$response.body#/records/0/action_id")]),
];
pub(super) const OF_LETTERS: &[Link] = &[
    (
        "getDeadLetter",
        &[("id", "$response.body#/entries/0/action/id")],
    ),
    (
        "replayDeadLetter",
        &[("id", "$response.body#/entries/0/action/id")],
    ),
    (
        "discardDeadLetter",
        &[("id", "$response.body#/entries/0/action/id")],
    ),
];

//! Descriptions of the routes of templates and profiles.

use acteon_gateway::{Profile, ProfileChange, Template, TemplateChange};

use super::links::{OF_PROFILE, OF_TEMPLATE};
use super::operation::Operation;
use crate::http::extract::scope::Scoped;
use crate::http::routes::templates::ListQuery;
use crate::http::template_bodies::{RenderRequest, Update};

const fn on(id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    Operation::new("templates", id, summary, schema)
}

pub(in crate::http) const LIST: Operation =
    on("listTemplates", "Lists templates", "Templates").query::<ListQuery>();
pub(in crate::http) const CREATE: Operation =
    on("createTemplate", "Makes a template", "TemplateBody")
        .takes::<Template>()
        .created()
        .links(OF_TEMPLATE)
        .others(&[409]);
pub(in crate::http) const GET: Operation =
    on("getTemplate", "Shows one template", "TemplateBody").query::<Scoped>();
pub(in crate::http) const UPDATE: Operation =
    on("updateTemplate", "Changes a template", "TemplateBody")
        .query::<Scoped>()
        .takes::<Update<TemplateChange>>()
        .others(&[409]);
pub(in crate::http) const DELETE: Operation = on(
    "deleteTemplate",
    "Deletes a template that no profile refers to",
    "Object",
)
.query::<Scoped>()
.no_content()
.others(&[409]);
pub(in crate::http) const LIST_PROFILES: Operation =
    on("listProfiles", "Lists profiles", "Profiles").query::<ListQuery>();
pub(in crate::http) const CREATE_PROFILE: Operation =
    on("createProfile", "Makes a profile", "ProfileBody")
        .takes::<Profile>()
        .created()
        .links(OF_PROFILE)
        .others(&[409]);
pub(in crate::http) const GET_PROFILE: Operation =
    on("getProfile", "Shows one profile", "ProfileBody").query::<Scoped>();
pub(in crate::http) const UPDATE_PROFILE: Operation =
    on("updateProfile", "Changes a profile", "ProfileBody")
        .query::<Scoped>()
        .takes::<Update<ProfileChange>>()
        .others(&[409]);
pub(in crate::http) const DELETE_PROFILE: Operation =
    on("deleteProfile", "Deletes a profile", "Object")
        .query::<Scoped>()
        .no_content();
pub(in crate::http) const RENDER: Operation = on(
    "renderProfile",
    "Tells what a profile makes of a payload",
    "RenderedProfile",
)
.takes::<RenderRequest>()
.others(&[404]);
pub(in crate::http) const RELOAD: Operation = on(
    "reloadTemplates",
    "Reads templates and profiles again",
    "TemplatesReloaded",
);

//! Management of templates and profiles: looking at them, making, changing, deleting and trying them.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::limits::MAX_TEMPLATES;
use acteon_core::similar::nearest;
use acteon_core::{Action, ProviderName, Scope};
use acteon_store::{DocumentKind, Put, StoreError};
use acteon_templates::RenderError;

use super::document::{Profile, ProfileChange, Template, TemplateChange, told};
use super::kept::{Compiled, EscapedFor};
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

/// Fields of a payload that a profile renders.
pub type Rendered = BTreeMap<String, String>;

impl Gateway {
    /// Templates that a scope covers.
    pub fn templates(&self, scope: &Scope) -> Vec<Template> {
        let policies = self.inner.policies.load();
        let all = policies.templates.templates.all();
        all.filter(|template| scope.covers_scope(&template.namespace, &template.tenant))
            .cloned()
            .collect()
    }

    /// Template of this id, if the scope covers it.
    pub fn template(&self, scope: &Scope, id: &str) -> Result<Template, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.templates.templates.get(id);
        found
            .filter(|template| scope.covers_scope(&template.namespace, &template.tenant))
            .cloned()
            .ok_or(PolicyError::NotFound("template"))
    }

    /// Makes a template; its id is made here.
    pub async fn create_template(
        &self,
        scope: &Scope,
        mut new: Template,
    ) -> Result<Template, PolicyError> {
        self.may_change_template(scope, &new.namespace, &new.tenant)?;
        {
            let policies = self.inner.policies.load();
            let templates = &policies.templates.templates;
            check_count(templates.of(&new.namespace, &new.tenant).count())?;
        }
        new.id = self.new_id();
        let new = self.checked(new, |template, _| template.check()).await?;
        let put = self
            .put(DocumentKind::Template, (&new.id, &new.key()), &new, None)
            .await?;
        written(&put, "template", &new.name).map(|()| new)
    }

    /// Changes a template. Profiles that refer to it follow.
    pub async fn update_template(
        &self,
        scope: &Scope,
        id: &str,
        change: TemplateChange,
    ) -> Result<Template, PolicyError> {
        let mut changed = self.template(scope, id)?;
        self.may_change_template(scope, &changed.namespace, &changed.tenant)?;
        let now = self.inner.clock.now();
        let apply = move |template: &mut Template| {
            let change = change.clone();
            template.content = change.content.unwrap_or_else(|| template.content.clone());
            template.description = change.description.or(template.description.take());
            template.labels = change
                .labels
                .unwrap_or_else(|| std::mem::take(&mut template.labels));
            template.updated_at = now;
        };
        apply(&mut changed);
        let _using = self.inner.policies.using_templates.lock().await;
        self.checked(changed, check_template_in_use).await?;
        let change = |template: &mut Template| {
            apply(template);
            Ok(())
        };
        self.change(DocumentKind::Template, id, change).await
    }

    /// Deletes a template that no profile refers to.
    pub async fn delete_template(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        let template = self.template(scope, id)?;
        self.may_change_template(scope, &template.namespace, &template.tenant)?;
        // Until it is gone, so that no profile is made meanwhile that refers to it.
        let _using = self.inner.policies.using_templates.lock().await;
        {
            let policies = self.inner.policies.load();
            let mut profiles = policies
                .templates
                .profiles
                .of(&template.namespace, &template.tenant);
            let refers = |compiled: &&Compiled| {
                let mut used = compiled.profile.references();
                used.any(|name| name == template.name)
            };
            if let Some(Compiled { profile, .. }) = profiles.find(refers) {
                return Err(PolicyError::Conflict(format!(
                    "the profile {:?} refers to this template; change the profile first",
                    profile.name
                )));
            }
        }
        self.delete(DocumentKind::Template, id).await
    }

    /// Profiles that a scope covers.
    pub fn profiles(&self, scope: &Scope) -> Vec<Profile> {
        let policies = self.inner.policies.load();
        let all = policies.templates.profiles.all();
        all.map(|compiled| &compiled.profile)
            .filter(|profile| scope.covers_scope(&profile.namespace, &profile.tenant))
            .cloned()
            .collect()
    }

    /// Profile of this id, if the scope covers it.
    pub fn profile(&self, scope: &Scope, id: &str) -> Result<Profile, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.templates.profiles.get(id);
        found
            .map(|compiled| &compiled.profile)
            .filter(|profile| scope.covers_scope(&profile.namespace, &profile.tenant))
            .cloned()
            .ok_or(PolicyError::NotFound("profile"))
    }

    /// Makes a profile; its id is made here.
    pub async fn create_profile(
        &self,
        scope: &Scope,
        mut new: Profile,
    ) -> Result<Profile, PolicyError> {
        self.may_change_template(scope, &new.namespace, &new.tenant)?;
        let _using = self.inner.policies.using_templates.lock().await;
        {
            let policies = self.inner.policies.load();
            let profiles = &policies.templates.profiles;
            check_count(profiles.of(&new.namespace, &new.tenant).count())?;
        }
        new.id = self.new_id();
        let new = self.checked(new, check_profile).await?;
        let kind = DocumentKind::TemplateProfile;
        let put = self.put(kind, (&new.id, &new.key()), &new, None).await?;
        written(&put, "profile", &new.name).map(|()| new)
    }

    /// Changes a profile.
    pub async fn update_profile(
        &self,
        scope: &Scope,
        id: &str,
        change: ProfileChange,
    ) -> Result<Profile, PolicyError> {
        let mut changed = self.profile(scope, id)?;
        self.may_change_template(scope, &changed.namespace, &changed.tenant)?;
        let _using = self.inner.policies.using_templates.lock().await;
        let now = self.inner.clock.now();
        let apply = move |profile: &mut Profile| {
            let change = change.clone();
            profile.fields = change
                .fields
                .unwrap_or_else(|| std::mem::take(&mut profile.fields));
            profile.escaping = change.escaping.or(profile.escaping.take());
            profile.description = change.description.or(profile.description.take());
            profile.labels = change
                .labels
                .unwrap_or_else(|| std::mem::take(&mut profile.labels));
            profile.updated_at = now;
        };
        apply(&mut changed);
        self.checked(changed, check_profile).await?;
        let change = |profile: &mut Profile| {
            apply(profile);
            Ok(())
        };
        self.change(DocumentKind::TemplateProfile, id, change).await
    }

    /// Deletes a profile. Actions that name it are refused from then on.
    pub async fn delete_profile(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        let profile = self.profile(scope, id)?;
        self.may_change_template(scope, &profile.namespace, &profile.tenant)?;
        self.delete(DocumentKind::TemplateProfile, id).await
    }

    /// What a profile makes of a payload: the same, byte for byte, as where an action is sent through a provider, if one is named.
    pub async fn render_profile(
        &self,
        (namespace, tenant, name): (String, String, String),
        payload: String,
        provider: Option<&ProviderName>,
    ) -> Result<Rendered, PolicyError> {
        let inner = Arc::clone(&self.inner);
        let provider = match provider {
            Some(name) => Some(
                inner
                    .providers
                    .get(name)
                    .ok_or(PolicyError::NotFound("provider"))?
                    .provider(),
            ),
            None => None,
        };
        let render = move || {
            let policies = inner.policies.load_full();
            let Some(found) = policies.templates.profile(&namespace, &tenant, &name) else {
                return Err(PolicyError::NotFound("profile"));
            };
            let of_provider = provider.and_then(|provider| provider.default_message_type());
            let told = |error: RenderError| PolicyError::invalid("payload:", error.to_string());
            let escaping = found.escaping(&payload, of_provider);
            let (fields, _) = found
                .render(&policies.templates, &payload, EscapedFor::Named(escaping))
                .map_err(told)?;
            let fields = fields.into_iter();
            fields
                .map(|(name, text)| Ok((name.to_owned(), text.map_err(told)?)))
                .collect()
        };
        self.aside(render).await.ok_or_else(lost)?
    }

    /// Refuses an action that names a profile which its namespace and tenant do not have.
    pub fn check_profile_of(&self, action: &Action) -> Result<(), PolicyError> {
        let Some(name) = &action.template else {
            return Ok(());
        };
        let (namespace, tenant) = (action.namespace.as_str(), action.tenant.as_str());
        let policies = self.inner.policies.load();
        if policies.templates.has_profile(namespace, tenant, name) {
            return Ok(());
        }
        let profiles = policies.templates.profiles.of(namespace, tenant);
        let names = profiles.map(|compiled| compiled.profile.name.as_str());
        let near = nearest(name, names);
        let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        Err(PolicyError::invalid(
            "template",
            format!(
                "names the profile {name:?}, which this namespace and tenant do not have{hint}"
            ),
        ))
    }

    /// Reads the documents again, and tells how many templates and profiles a scope covers now.
    pub async fn reload_templates(&self, scope: &Scope) -> Result<(usize, usize), PolicyError> {
        self.inner
            .policies
            .refresh(&*self.inner.store, self.inner.clock.now())
            .await?;
        Ok((self.templates(scope).len(), self.profiles(scope).len()))
    }

    fn new_id(&self) -> String {
        let now = self.inner.clock.now();
        self.inner.entropy.action_id(now).to_string()
    }

    /// Checks a document off the threads that serve others: its sources are compiled.
    async fn checked<T: Send + 'static>(
        &self,
        document: T,
        check: impl FnOnce(&T, &Gateway) -> Result<(), PolicyError> + Send + 'static,
    ) -> Result<T, PolicyError> {
        let gateway = self.clone();
        let work = move || check(&document, &gateway).map(|()| document);
        self.aside(work).await.ok_or_else(lost)?
    }
}

/// Checks a template together with the profiles that refer to it.
fn check_template_in_use(template: &Template, gateway: &Gateway) -> Result<(), PolicyError> {
    template.check()?;
    let policies = gateway.inner.policies.load_full();
    let mut templates = policies.templates.clone();
    templates.templates.replace(template.clone());
    let (namespace, tenant) = (&template.namespace, &template.tenant);
    for compiled in templates.profiles.of(namespace, tenant) {
        let profile = &compiled.profile;
        if !profile.references().any(|name| name == template.name) {
            continue;
        }
        if let Err(problems) = Compiled::new(profile.clone()).texts(&templates) {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let message = format!(
                "does not go with the profile {:?}, which refers to it: {}",
                profile.name,
                problems.join("; ")
            );
            return Err(PolicyError::invalid("content", message));
        }
    }
    Ok(())
}

/// Checks a profile together with the templates that it refers to.
fn check_profile(profile: &Profile, gateway: &Gateway) -> Result<(), PolicyError> {
    profile.check()?;
    let policies = gateway.inner.policies.load_full();
    let compiled = Compiled::new(profile.clone());
    match compiled.texts(&policies.templates) {
        Ok(_) => Ok(()),
        Err(problems) => Err(told(problems, "fields")),
    }
}

fn check_count(count: usize) -> Result<(), PolicyError> {
    if count >= MAX_TEMPLATES {
        return Err(PolicyError::Conflict(format!(
            "this namespace and tenant have {MAX_TEMPLATES}, which is the limit"
        )));
    }
    Ok(())
}

fn written(put: &Put, what: &str, name: &str) -> Result<(), PolicyError> {
    match put {
        Put::Written(_) => Ok(()),
        Put::Changed | Put::NameTaken => Err(PolicyError::Conflict(format!(
            "this namespace and tenant already have a {what} {name:?}; change that one"
        ))),
    }
}

fn lost() -> PolicyError {
    StoreError::Engine("the template could not be compiled".into()).into()
}

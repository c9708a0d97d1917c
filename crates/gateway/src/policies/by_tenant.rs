//! Map of something for each namespace and tenant.

use rpds::HashTrieMapSync;

/// Map by namespace, and within it by tenant.
pub(super) type ByTenant<T> = HashTrieMapSync<Box<str>, HashTrieMapSync<Box<str>, T>>;

/// Changes what there is of a namespace and tenant, in place where no other value shares it, and leaves nothing empty.
pub(super) fn change_of<T: Clone + Default>(
    of: &mut ByTenant<T>,
    (namespace, tenant): (&str, &str),
    change: impl FnOnce(&mut T),
    is_empty: impl FnOnce(&T) -> bool,
) {
    if !of.contains_key(namespace) {
        of.insert_mut(namespace.into(), HashTrieMapSync::default());
    }
    let Some(tenants) = of.get_mut(namespace) else {
        return;
    };
    if !tenants.contains_key(tenant) {
        tenants.insert_mut(tenant.into(), T::default());
    }
    let Some(found) = tenants.get_mut(tenant) else {
        return;
    };
    change(found);
    if is_empty(found) {
        tenants.remove_mut(tenant);
    }
    if tenants.is_empty() {
        of.remove_mut(namespace);
    }
}

//! List of routes as it is written down: each is put into the router together with its description.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use super::openapi::Operation;
use super::state::AppState;

/// One route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Method, such as `GET`.
    pub method: Method,
    /// Path with its parameters, such as `/v1/actions/{id}`.
    pub path: &'static str,
}

/// Router, and the routes that were put into it.
#[derive(Default)]
pub(super) struct Routes {
    pub(super) router: Router<Arc<AppState>>,
    pub(super) listed: Vec<(Route, Operation)>,
}

impl Routes {
    pub(super) fn get<H: Handler<T, Arc<AppState>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.route(Method::GET, path, get(handler), operation)
    }

    pub(super) fn post<H: Handler<T, Arc<AppState>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.route(Method::POST, path, post(handler), operation)
    }

    pub(super) fn put<H: Handler<T, Arc<AppState>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.route(Method::PUT, path, put(handler), operation)
    }

    pub(super) fn patch<H: Handler<T, Arc<AppState>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.route(Method::PATCH, path, patch(handler), operation)
    }

    pub(super) fn delete<H: Handler<T, Arc<AppState>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.route(Method::DELETE, path, delete(handler), operation)
    }

    fn route(
        mut self,
        method: Method,
        path: &'static str,
        handler: MethodRouter<Arc<AppState>>,
        operation: Operation,
    ) -> Self {
        self.router = self.router.route(path, handler);
        self.listed.push((Route { method, path }, operation));
        self
    }
}

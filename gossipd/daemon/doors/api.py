"""The routes together: which one answers a request, and how its outcome is told over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import attrs

from ..access import Access, Token
from ..future import Future
from ..histogram import Histogram
from ..http import Request, Response, Stream
from ..operations import Operations
from ..service import Service
from ..standing import Standing
from .authorizing import GuardedStream, authorize
from .counters import CounterRoutes
from .cross_site import OwnHosts, is_cross_site
from .documented import DocumentedRoutes
from .health import HealthRoutes
from .members import MemberRoutes
from .openapi import description_route
from .operating import OperatingRoutes
from .page import page_route
from .problems import (
    CROSS_SITE,
    FOREIGN_HOST,
    METHOD,
    NO_SUCH_PATH,
    STOPPING,
    Failed,
    told,
)
from .routes import AnyRoute, Router
from .status import StatusRoutes
from .watching import WatchingRoutes

_FOREIGN_HOST = (
    "this node has not the name in the Host header: ask by its address, or start it with"
    " --allowed-host"
)

UNKNOWN_ROUTE = "unknown"
"""The label under which all unknown paths are counted together, so that labels stay few."""


class Api:
    """Answers requests by the table of routes."""

    def __init__(
        self,
        service: Service,
        metrics_page: Callable[[], Future[bytes]],
        requests: dict[tuple[str, int], int],
        hosts: OwnHosts,
        operations: Operations,
        standing: Standing,
        access: Access | None = None,
        took: Histogram | None = None,
        *,
        page: bool = True,
    ) -> None:
        """Makes the table.

        Args:
            service: the node behind the routes.
            metrics_page: returns the future of the page of `/metrics`.
            requests: gets the number of answered requests by (route, status).
            hosts: the names under which clients may change something.
            operations: what an operator may ask of the daemon as a whole.
            standing: how the daemon stands.
            access: lets clients in by their tokens; None if they need none.
            took: gets how long the answers took.
            page: whether there is a page for browsers.
        """
        self._service = service
        self._requests = requests
        self._hosts = hosts
        self._access = access
        self._took = Histogram() if took is None else took
        self.routes: list[AnyRoute] = [
            *DocumentedRoutes(service).routes,
            *HealthRoutes(service, metrics_page).routes,
            *CounterRoutes(service).routes,
            *WatchingRoutes(service).routes,
            *MemberRoutes(service).routes,
            *StatusRoutes(service, standing).routes,
            *OperatingRoutes(service, operations).routes,
        ]
        if page:
            self.routes.append(page_route())
        self.routes.append(description_route(self.routes))
        self._find = Router(self.routes).find

    def handle(self, request: Request) -> Response | Future[Response]:
        """Answers one request, by a future only if something must be waited for."""
        route: AnyRoute | None = None
        began = perf_counter()
        try:
            found = self._find(request.path)
            if found is None:
                raise Failed(NO_SUCH_PATH, "there is no such path")
            methods, parts = found
            route = methods.get(request.method)
            if route is None:
                # Counted, and told, as the first route of the path would be.
                route = next(iter(methods.values()))
                allowed = ", ".join(methods)
                raise Failed(METHOD, f"{allowed} can be asked here", ("Allow", allowed))
            token = None
            if self._access is not None:
                token = authorize(self._access, route, request.headers)
            if route.method != "GET":
                self._admit(request)
            response = route.handle(request, parts)
            if isinstance(response, Response) and response.stream is not None:
                response = self._guarded(response, response.stream, token)
        except Failed as failed:
            return self._told(route, failed, began)
        if isinstance(response, Future):
            return response.map(lambda outcome: self._told(route, outcome, began))
        return self._told(route, response, began)

    def _guarded(self, response: Response, stream: Stream, token: Token | None) -> Response:
        if self._access is None or token is None:
            return response
        return attrs.evolve(response, stream=GuardedStream(stream, self._access, token))

    def _told(
        self, route: AnyRoute | None, outcome: Response | Exception, began: float
    ) -> Response:
        """Returns the response that tells the outcome, and counts it with its time."""
        if isinstance(outcome, Failed):
            outcome = told(outcome, as_text=route is not None and route.documented)
        elif isinstance(outcome, Exception):
            raise outcome
        key = (UNKNOWN_ROUTE if route is None else route.label, outcome.status)
        self._requests[key] = self._requests.get(key, 0) + 1
        self._took.add(perf_counter() - began)
        return outcome

    def _admit(self, request: Request) -> None:
        """Raises Failed unless this request may change something."""
        if is_cross_site(request.headers):
            raise Failed(CROSS_SITE, "another site's page may not write here")
        if not self._hosts.are_meant(request.headers):
            raise Failed(FOREIGN_HOST, _FOREIGN_HOST)
        if self._service.draining:
            raise Failed(STOPPING, "this node is stopping")

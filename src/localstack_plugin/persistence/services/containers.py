"""The containers of a service's state: LocalStack's stores, and moto's backends.

The state of a service is a dict of plain containers, which `graph` writes:
  stores: account → region → attribute → value, the attributes that belong to a region
  global: account → attribute → value, the attributes that all regions share
  universal: attribute → value, the attributes that all accounts share
  backends: account → region → attribute → value, the attributes of moto's backend
Only attributes that the store's class declares, or that BACKENDS lists, are written and read.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from localstack.services.stores import (
    LOCAL_ATTR_PREFIX,
    AccountRegionBundle,
    CrossAccountAttribute,
    CrossRegionAttribute,
    LocalAttribute,
)

State = dict[str, Any]

STORES: dict[str, tuple[str, str]] = {
    "s3": ("localstack.services.s3.models", "s3_stores"),
    "lambda": ("localstack.services.lambda_.invocation.models", "lambda_stores"),
    "stepfunctions": ("localstack.services.stepfunctions.backend.store", "sfn_stores"),
    "sts": ("localstack.services.sts.models", "sts_stores"),
    "sqs": ("localstack.services.sqs.models", "sqs_stores"),
    "sns": ("localstack.services.sns.models", "sns_stores"),
    "events": ("localstack.services.events.models", "events_stores"),
    "logs": ("localstack.services.logs.models", "logs_stores"),
    "cloudwatch": ("localstack.services.cloudwatch.models", "cloudwatch_stores"),
    "cloudformation": ("localstack.services.cloudformation.stores", "cloudformation_stores"),
}
BACKENDS: dict[str, tuple[str, str, str]] = {
    "iam": (
        "moto.iam.models",
        "iam_backends",
        "access_keys account_aliases account_password_policy certificates credential_report groups inline_policies "
        "instance_profiles managed_policies open_id_providers roles saml_providers tagger users virtual_mfa_devices",
    ),
    "sts": ("moto.sts.models", "sts_backends", "assumed_roles"),
    "sns": ("moto.sns.models", "sns_backends", "applications opt_out_numbers platform_endpoints sms_attributes topics"),
    "logs": (
        "moto.logs.models",
        "logs_backends",
        "deliveries delivery_destinations delivery_sources destinations export_tasks filters groups queries "
        "resource_policies tagger",
    ),
}
SINGLETONS = {"cloudformation": ("localstack.services.cloudformation.engine.v2.change_set_model", "Nothing")}
NOT_STORED = {"stepfunctions": ("executions",)}
"""Attributes of stores that are saved in another way."""


SERVICES = tuple(dict.fromkeys((*STORES, *BACKENDS)))


def is_loaded(service: str) -> bool:
    """Return whether the service's containers exist in this process."""
    return all(table[service][0] in sys.modules for table in (STORES, BACKENDS) if service in table)


def state_of(service: str) -> State:
    return {**_stores_state(service), **_backends_state(service)}


def restore(service: str, state: Mapping[str, Any]) -> None:
    """Put a state into the containers, which are still empty."""
    for account, regions in state.get("stores", {}).items():
        for region, attributes in regions.items():
            _fill_store(service, account, region, attributes)
    for account, attributes in state.get("global", {}).items():
        bundle(service)[account]._global.update(_allowed(service, CrossRegionAttribute, attributes))
    if universal := state.get("universal"):
        bundle(service)._universal.update(_allowed(service, CrossAccountAttribute, universal))
    for account, regions in state.get("backends", {}).items():
        for region, attributes in regions.items():
            _fill_backend(service, backends(service)[account][region], attributes)


def clear() -> None:
    """Empty the containers of all services that are loaded."""
    for service in SERVICES:
        if is_loaded(service):
            for table, loaded in ((STORES, bundle), (BACKENDS, backends)):
                if service in table:
                    loaded(service).reset()


def names(service: str) -> dict[int, str]:
    """Return the ids of objects that exist before a state is read, each with its name.

    Some of moto's objects refer to their backend, and CloudFormation's compare with `Nothing` by identity.
    """
    named = {id(_loaded(*SINGLETONS[service])): SINGLETONS[service][1]} if service in SINGLETONS else {}
    if service in BACKENDS:
        named |= {id(backend): f"{account}/{region}" for account, region, backend in _iter_backends(service)}
    return named


class NamedObjects(dict[str, Any]):
    """The objects of `names`, by name. A backend is created when it is needed."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def __missing__(self, name: str) -> Any:
        if name == SINGLETONS.get(self._service, ("", ""))[1]:
            return _loaded(*SINGLETONS[self._service])
        account, _, region = name.partition("/")
        return backends(self._service)[account][region]


def bundle(service: str) -> "AccountRegionBundle[Any]":
    return _loaded(*STORES[service])


def backends(service: str) -> Any:
    return _loaded(*BACKENDS[service][:2])


def _loaded(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _stores_state(service: str) -> State:
    if service not in STORES:
        return {}
    stores, shared = {}, {}
    for account, regions in bundle(service).items():
        shared[account] = dict(regions._global)
        stores[account] = {region: _store_state(service, store) for region, store in regions.items()}
    return {"stores": stores, "global": shared, "universal": dict(bundle(service)._universal)}


def _store_state(service: str, store: Any) -> State:
    names = _declared(type(store), LocalAttribute) - set(NOT_STORED.get(service, ()))
    return {name: vars(store)[LOCAL_ATTR_PREFIX + name] for name in names if LOCAL_ATTR_PREFIX + name in vars(store)}


def _fill_store(service: str, account: str, region: str, attributes: State) -> None:
    store = bundle(service)[account][region]
    for name in _declared(type(store), LocalAttribute) & attributes.keys():
        vars(store)[LOCAL_ATTR_PREFIX + name] = attributes[name]


def _allowed(service: str, kind: type, attributes: State) -> State:
    return {name: attributes[name] for name in _declared(bundle(service).store, kind) & attributes.keys()}


def _declared(store: type, kind: type) -> set[str]:
    return {name for cls in store.__mro__ for name, value in vars(cls).items() if isinstance(value, kind)}


def _backends_state(service: str) -> State:
    if service not in BACKENDS:
        return {}
    state: State = {}
    for account, region, backend in _iter_backends(service):
        values = {name: vars(backend)[name] for name in BACKENDS[service][2].split() if name in vars(backend)}
        state.setdefault(account, {})[region] = values | _own_policies(service, backend)
    return {"backends": state}


def _own_policies(service: str, backend: Any) -> State:
    """Return IAM's policies without AWS's thousand managed ones, which every backend has anyway."""
    if service != "iam":
        return {}
    provided = {policy.arn for policy in backend.aws_managed_policies}
    return {"managed_policies": {arn: each for arn, each in backend.managed_policies.items() if arn not in provided}}


def _fill_backend(service: str, backend: Any, attributes: State) -> None:
    allowed = {name: attributes[name] for name in BACKENDS[service][2].split() if name in attributes}
    if service == "iam":
        allowed["managed_policies"] = backend.managed_policies | allowed.get("managed_policies", {})
    vars(backend).update(allowed)


def _iter_backends(service: str) -> Iterator[tuple[str, str, Any]]:
    for account, regions in backends(service).items():
        for region, backend in regions.items():
            yield account, region, backend

# ruff: noqa: SLF001 - a shim replaces private functions
"""HTTP APIs that are described by an OpenAPI body.

AWS imports the `Body` of an `AWS::ApiGatewayV2::Api`: routes, integrations, CORS and tags. SAM writes
every `Events: {Type: HttpApi}` of a function into such a body. MiniStack 1.5.33 ignores it, so the
stack is created and every request is answered 404.

The tag `ms-custom-id` on the API, MiniStack's own, fixes the id of the API; SAM puts tags into the
body too, so it works through here only.
"""

from collections.abc import Iterator
from typing import Any

ANY_METHOD = "x-amazon-apigateway-any-method"
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", ANY_METHOD})
INTEGRATION = "x-amazon-apigateway-integration"
CORS = "x-amazon-apigateway-cors"
TAG_VALUE = "x-amazon-apigateway-tag-value"

Json = dict[str, Any]


def install() -> None:
    """Import the body when CloudFormation creates or updates an API."""
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415 - the emulator's

    resource = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    original_create, original_update = resource["create"], resource["update"]

    def create(logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        api_id, attributes = original_create(logical_id, with_body(properties), stack_name)
        import_body(api_id, properties.get("Body"))
        return api_id, attributes

    def update(
        physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Json]:
        api_id, attributes = original_update(
            physical_id, with_body(old), with_body(new), stack_name, logical_id
        )
        import_body(api_id, new.get("Body"))
        return api_id, attributes

    resource.update(create=create, update=update)


def with_body(properties: Json) -> Json:
    """The properties of an API with the tags and the CORS settings that stand in its body."""
    body = properties.get("Body")
    if not isinstance(body, dict):
        return properties
    in_body = {tag["name"]: tag.get(TAG_VALUE, "") for tag in body.get("tags") or []}
    merged = {**properties, "Tags": {**in_body, **(properties.get("Tags") or {})}}
    if body.get(CORS) and not properties.get("CorsConfiguration"):
        merged["CorsConfiguration"] = body[CORS]
    return merged


def operations(body: Json) -> Iterator[tuple[str, Json]]:
    """Every route key of an OpenAPI body with its integration."""
    for path, methods in (body.get("paths") or {}).items():
        for method, operation in methods.items():
            if method.lower() not in METHODS or not operation.get(INTEGRATION, {}).get("uri"):
                continue
            verb = "ANY" if method.lower() == ANY_METHOD else method.upper()
            key = "$default" if path.endswith("$default") else f"{verb} {path}"
            yield key, operation[INTEGRATION]


def import_body(api_id: str, body: Json | None) -> None:
    """Replace the routes and integrations of an API by those of its body; without one, keep them."""
    from ministack.services import apigateway  # noqa: PLC0415 - the emulator's
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    if not isinstance(body, dict):
        return
    title = (body.get("info") or {}).get("title")
    if title:
        apigateway._apis[api_id]["name"] = str(title)
    integrations: Json = {}
    routes: Json = {}
    ids: dict[str, str] = {}
    for route_key, integration in operations(body):
        uri = integration["uri"]
        if uri not in ids:
            ids[uri] = provisioners.new_uuid()[:8]
            properties = provisioners._apigw_v2_integration_props(
                {
                    "IntegrationType": str(integration.get("type", "aws_proxy")).upper(),
                    "IntegrationUri": uri,
                    "PayloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
                    "TimeoutInMillis": integration.get("timeoutInMillis", 30000),
                }
            )
            integrations[ids[uri]] = {"integrationId": ids[uri], **properties}
        route_id = provisioners.new_uuid()[:8]
        properties = provisioners._apigw_v2_route_props(
            {"RouteKey": route_key, "Target": f"integrations/{ids[uri]}"}
        )
        routes[route_id] = {"routeId": route_id, **properties}
    apigateway._integrations[api_id] = integrations
    apigateway._routes[api_id] = routes

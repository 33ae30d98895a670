"""The GraphQL view of bulk operations: types, root fields, mutations, connection.

Belongs here: how an operation is shown and which method a field calls. What the methods do is in ``operations.py``.
"""

from datetime import datetime

from shopify_sandbox.admin.model import PlatformRoot, Resolver
from shopify_sandbox.bulk.operations import BulkOperations


def resolvers(bulk: BulkOperations) -> dict[str, dict[str, Resolver]]:
    """Give the GraphQL view of bulk operations, by type and field."""
    user_error: dict[str, Resolver] = {
        "field": lambda store, record, arguments: None if record.field is None else list(record.field),
        "message": lambda store, record, arguments: record.message,
    }
    payload: dict[str, Resolver] = {
        "bulkOperation": lambda store, record, arguments: record.operation,
        "userErrors": lambda store, record, arguments: record.errors,
    }
    return {
        "BulkOperation": {
            "id": lambda store, record, arguments: record.gid,
            "type": lambda store, record, arguments: "QUERY",
            "status": lambda store, record, arguments: record.status,
            "errorCode": lambda store, record, arguments: record.error_code,
            "createdAt": lambda store, record, arguments: record.created_at,
            "completedAt": lambda store, record, arguments: record.completed_at,
            "objectCount": lambda store, record, arguments: str(record.object_count),
            "rootObjectCount": lambda store, record, arguments: str(record.root_object_count),
            "fileSize": lambda store, record, arguments: str(record.file_size) if record.file_size else None,
            "url": lambda store, record, arguments: bulk.url(record),
            "partialDataUrl": lambda store, record, arguments: bulk.partial_url(record),
            "query": lambda store, record, arguments: record.query,
        },
        "BulkOperationRunQueryPayload": payload,
        "BulkOperationCancelPayload": payload,
        "UserError": user_error,
        "BulkOperationUserError": {**user_error, "code": lambda store, record, arguments: record.code},
    }


def objects(bulk: BulkOperations) -> dict[str, Resolver]:
    """Give the root fields that answer one bulk operation."""
    return {
        "bulkOperation": lambda store, execution, arguments: bulk.find(arguments["id"]),
        "currentBulkOperation": lambda store, execution, arguments: (
            bulk.newest() if arguments["type"] == "QUERY" else None
        ),
    }


def mutations(bulk: BulkOperations) -> dict[str, Resolver]:
    """Give the mutations on bulk operations."""
    return {
        "bulkOperationRunQuery": lambda store, execution, arguments: bulk.submit(
            arguments["query"],
            group_objects=arguments["groupObjects"],
            granted=execution.granted,
            version=execution.operation.published.version,
        ),
        "bulkOperationCancel": lambda store, execution, arguments: bulk.cancel(arguments["id"]),
    }


def root(bulk: BulkOperations) -> PlatformRoot:
    """Give the ``bulkOperations`` connection."""
    return PlatformRoot(
        type="BulkOperation",
        records=lambda store: bulk.all(),
        default_sort="CREATED_AT",
        sort_keys={
            "CREATED_AT": lambda record: datetime.fromisoformat(record.created_at),
            "COMPLETED_AT": lambda record: datetime.fromisoformat(record.completed_at) if record.completed_at else None,
        },
        filters={
            "id": ("id", lambda record: record.number),
            "status": ("text", lambda record: record.status),
            "operation_type": ("text", lambda record: "query"),
            "created_at": ("time", lambda record: datetime.fromisoformat(record.created_at)),
        },
    )

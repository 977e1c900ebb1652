"""moto's DynamoDB, made quicker where it spends most of the time of these tests.

Each of these does what moto does, for what is in use here: keys that are strings, items whose
attributes are strings, numbers and sets. And each call happens as a whole, as with DynamoDB: moto lets
another thread in between the look at a condition and the write.
"""

import copy
import threading
from collections import defaultdict

from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

STRING = "S"
_pick = ResponseSerializer.get_value
_all_items = Table.all_items
_answer = DynamoHandler.call_action
_one_at_a_time = threading.RLock()
_less = DynamoType.__lt__
_equal = DynamoType.__eq__


def install() -> None:
    """Have moto do these things so, from now on."""
    Table.__deepcopy__ = _kept_for_undoing
    Table.all_items = _in_key_order
    DynamoType.__lt__ = _comes_before
    DynamoType.__eq__ = _is_equal
    ResponseSerializer.get_value = _value_of
    DynamoHandler.call_action = _answered_whole


def _kept_for_undoing(table: Table, _memo: dict) -> Table:
    """Copy a table as far as undoing a transaction needs it.

    moto copies every table of a transaction in depth, once for each write in it, its whole stream
    included: with a few hundred contacts that takes a second. Items are changed by setting their
    attributes, so copies of the items are enough.
    """
    twin = copy.copy(table)
    twin.items = defaultdict(dict)
    for partition, items in list(table.items.items()):  # others may write meanwhile
        if isinstance(items, Item):  # of a table without a sort key
            twin.items[partition] = _item_kept(items)
        else:
            twin.items[partition] = {sort: _item_kept(item) for sort, item in list(items.items())}
    if table.stream_shard is not None:
        twin.stream_shard = copy.copy(table.stream_shard)
        twin.stream_shard.items = list(table.stream_shard.items)
    return twin


def _item_kept(item: Item) -> Item:
    """Copy an item, without moto's weighing of each attribute that is set."""
    twin = Item.__new__(Item)
    twin.__dict__.update(item.__dict__)
    twin.attrs = LimitedSizeDict()
    dict.update(twin.attrs, item.attrs)
    return twin


def _in_key_order(table: Table) -> list[Item]:
    """Return all items, compared by their keys' texts: each question sorts the whole table."""
    if not table.has_range_key:
        return _all_items(table)
    items = [item for partition in list(table.items.values()) for item in partition.values()]
    return sorted(items, key=lambda item: (item.hash_key.value, item.range_key.value))


def _comes_before(one: DynamoType, other: DynamoType) -> bool:
    if one.type == STRING == other.type:
        return one.value < other.value
    return _less(one, other)


def _is_equal(one: DynamoType, other: DynamoType) -> bool:
    if one.type == STRING == other.type:
        return one.value == other.value
    return _equal(one, other)


def _value_of(serializer: ResponseSerializer, value, key: str, shape):
    """Take a typed value's `S` or `N` straight; moto looks for other spellings of each first."""
    if type(value) is dict and key.isupper():
        return value.get(key)
    return _pick(serializer, value, key, shape)


def _answered_whole(handler: DynamoHandler):
    with _one_at_a_time:
        return _answer(handler)

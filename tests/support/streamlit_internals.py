"""What tests and benchmarks use of Streamlit beyond its documented API: no public way exists.

The tree of a page with its tabs and expanders, a click on these, and the messages between server
and browser.
"""

import functools

from streamlit.components.v2 import manifest_scanner
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Block_pb2 import Block as BlockProto
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, ElementTree, Expander, Widget

__all__ = ["BackMsg", "Block", "BlockProto", "Expander", "ForwardMsg", "Widget"]

# each new app looks for components in every installed package (0.12 s); what is installed stays
_scan = functools.cache(manifest_scanner.scan_component_manifests)
manifest_scanner.scan_component_manifests = _scan


def tree_of(app: AppTest) -> ElementTree:
    """Return all elements of the page."""
    return app._tree


def click(app: AppTest, id: str, **value: str | bool) -> AppTest:
    """Set a tab or an expander, ``string_value`` or ``bool_value``, and run the page again."""
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = id
    for name, each in value.items():
        setattr(state, name, each)
    return app._run(states)


def is_single_select(node: Widget) -> bool:
    """Whether one button of a group can be pressed at a time."""
    return node._is_single_select

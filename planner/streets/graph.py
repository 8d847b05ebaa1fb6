"""A street network as a networkx graph."""

import networkx as nx
import numpy as np
import shapely

from planner.streets.network import Network


def graph_of(network: Network) -> nx.MultiGraph:
    """Return `network` as a MultiGraph; see `StreetNetwork.to_graph`."""
    graph = nx.MultiGraph(crs=network.crs)
    nodes = zip(network.node_x.tolist(), network.node_y.tolist(), network.node_ref.tolist(), strict=True)
    graph.add_nodes_from((i, {"x": x, "y": y, "ref": ref}) for i, (x, y, ref) in enumerate(nodes))
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.vertex_indptr))
    lines = shapely.linestrings(np.column_stack((network.vertex_x, network.vertex_y)), indices=edge)
    highway = np.array(network.classes, object)[network.edge_class]
    columns = zip(
        network.edge_from.tolist(),
        network.edge_to.tolist(),
        network.edge_length_m.tolist(),
        lines,
        highway,
        network.factor_forward.tolist(),
        network.factor_backward.tolist(),
        strict=True,
    )
    graph.add_edges_from(
        (u, v, {"length_m": length, "geometry": line, "highway": street_class, "from_node": u,
                "factor_forward": forward, "factor_backward": backward})
        for u, v, length, line, street_class, forward, backward in columns
    )  # fmt: skip
    return graph

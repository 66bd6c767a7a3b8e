"""HTTP for programs on this machine: what clients of slskd call, the documents' API, the mesh, and our own façade."""

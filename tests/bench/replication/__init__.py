"""The replicated log beside etcd, on the same disk in the same run: three processes each."""

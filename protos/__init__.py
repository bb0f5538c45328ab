"""The words that go over the wire: Mesos v1's and our own, as protobuf."""

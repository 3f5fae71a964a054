"""Classes that the network never saw, recognised by what other images of them are called."""

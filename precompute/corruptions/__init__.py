"""Changed pictures: attacks on the network, and corruptions as cameras and files make them."""

"""The mock connectors that the recorded exchanges name, as an installed package brings them."""

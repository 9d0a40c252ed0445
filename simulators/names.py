# SPDX-License-Identifier: Apache-2.0
"""What the node, the engine and the virtual machine of every simulated world are called."""

NODE = "virt-host1.example.test"
OTHER_NODE = "virt-host2.example.test"  # the one that carries the engine VM in its stead
NODE_SHORT = "virt-host1"
NODE_ADDRESS = "192.0.2.11"
ENGINE = "virt-he.example.test"
ENGINE_SHORT = "virt-he"
ENGINE_ADDRESS = "192.0.2.10"
ORGANISATION = "example.test"
CA = "virt-he.example.test.56789"
DOMAIN = "HostedEngine"
VM_ID = "6f0a3a52-0d7e-4f0e-8a57-5d7b0c3c9f01"
STORAGE_DOMAIN = "0b6f1b26-7c02-4a5f-9d5b-3d9d5b0a2f11"
PASSWORD = "rehearsal"
NODE_PASSWORD = "rehearsal-node"
SASL_USER = "vdsm@ovirt"
SASL_PASSWORD = "shibboleth"

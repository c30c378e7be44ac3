"""Huawei ModelArts: the V1 and V2 training APIs behind the contract of `providers.base`."""

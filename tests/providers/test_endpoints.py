"""Credentials go to the vendors' hosts, or to those that the operator's settings name, and nowhere else."""

import pytest

from trainsweep.api.provider import installed
from trainsweep.core.errors import ConfigurationError
from trainsweep.providers.addresses import is_inside, is_loopback, parse_address
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.modelarts.regions import ELSEWHERE, HUAWEI_CLOUD, addresses, doubt_about
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.qianfan.settings import QianfanSettings
from trainsweep.providers.registry import plugin_of

VENDORS = tuple(plugin_of(name).hosts for name in installed())


def allows(url, **settings):
    """Whether any provider's credentials may go there."""
    return any(_allows(url, hosts, settings) for hosts in VENDORS)


def _allows(url, hosts, settings):
    try:
        Endpoints(**settings).check(url, hosts)
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize("settings", [{}, {"hosts": ("gateway.example",)}, {"http": True}])
def test_a_refusal_names_the_host_and_the_setting(settings):
    with pytest.raises(
        ConfigurationError, match=r"evil\.example.*(allowed endpoint hosts|--allowed-endpoint-host)"
    ) as no:
        Endpoints(**settings).check("https://evil.example/x", VENDORS[0])
    assert no.value.reason == "EndpointNotAllowed"


@pytest.mark.parametrize("region", sorted(HUAWEI_CLOUD | ELSEWHERE.keys()))
def test_the_addresses_of_every_known_region_are_the_vendors(region):
    for url in addresses(region):
        assert allows(url)


def test_so_is_the_default_of_qianfan():
    assert allows(QianfanSettings().endpoint)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "https://myhuaweicloud.com.evil.example",
        "https://modelarts.cn-north-4.myhuaweicloud.com.evil.example",
        "https://evilmyhuaweicloud.com",
        "https://modelarts.evil.obs.cn-north-4.myhuaweicloud.com",
        "https://iam.obs.myhuaweicloud.com",
        "https://modelarts.obs.cn-north-4.myhuaweicloud.com",
        "https://bucket.obs.cn-north-4.myhuaweicloud.com",
        "https://a1b2.cfc-execute.bj.baidubce.com",
        "https://bj.bcebos.com",
        "https://x.qianfan.baidubce.com",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://[::1]:8443",
        "https://localhost",
        "http://qianfan.baidubce.com",
        "http://127.0.0.1:8080",
    ],
)
def test_no_other_host_gets_credentials(url):
    assert not allows(url)


def test_no_vendors_host_gets_the_credentials_of_another():
    with pytest.raises(ConfigurationError, match=r"qianfan\.baidubce\.com is none of the vendor's"):
        Endpoints().check("https://qianfan.baidubce.com", plugin_of("ModelArts").hosts)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:1", "http://localhost:1", "https://127.0.0.2"])
def test_http_endpoints_are_those_of_this_machine(url):
    assert allows(url, http=True)


@pytest.mark.parametrize(
    "url", ["http://evil.example", "http://10.0.0.1", "http://qianfan.baidubce.com", "http://localhost.evil.example"]
)
def test_http_adds_nothing_else(url):
    assert not allows(url, http=True)


def test_the_hosts_that_are_named_are_the_only_ones():
    named = {"hosts": ("gateway.corp.example", "10.1.2.3")}
    assert allows("https://gateway.corp.example:8443", **named)
    assert allows("https://east.gateway.corp.example", **named)
    assert allows("https://10.1.2.3", **named)
    assert not allows("https://1.10.1.2.3.example", **named)
    assert not allows("https://evilgateway.corp.example", **named)
    assert not allows("https://qianfan.baidubce.com", **named)
    assert not allows("http://gateway.corp.example", **named)
    assert allows("http://gateway.corp.example", http=True, **named)
    assert not allows("http://127.0.0.1:8080", http=True, **named)
    assert allows("http://127.0.0.1:8080", http=True, hosts=("127.0.0.1",))


@pytest.mark.parametrize(
    "region",
    ["x@internal.svc:8443/any?q=", "a-b.evil.example", "a-b/..", "a-b#", "CN-NORTH-4", "cn", "a-b\n", "é-1"],
)
def test_nothing_but_a_region_becomes_part_of_a_host(region):
    with pytest.raises(ConfigurationError, match=r"modelArts\.region"):
        ModelArtsSettings(region=region, project_id="p")


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("cn-north-4", ""),
        ("eu-de", ""),
        ("", ""),
        ("cn-north4", "did you mean cn-north-4?"),
        ("xx-unheard-of-9", "set modelArts.endpoint"),
    ],
)
def test_a_region_that_is_not_known_is_doubted_with_a_hint(region, sentence):
    assert sentence in doubt_about(region)
    assert bool(doubt_about(region)) is bool(sentence)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("169.254.169.254", True),
        ("169.254.1.1", True),
        ("100.100.100.200", True),
        ("192.0.0.192", True),
        ("168.63.129.16", True),
        ("0.0.0.0", True),  # noqa: S104
        ("0.1.2.3", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("::1", True),
        ("::", True),
        ("fe80::1%eth0", True),
        ("fd00:ec2::254", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("::7f00:1", True),
        ("2002:7f00:1::", True),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("100.125.0.1", False),
        ("198.51.100.7", False),
        ("64:ff9b::c633:6407", False),
        ("fd12::1", False),
        ("2001:db8::1", False),
    ],
)
def test_what_is_inside_of_a_machine_or_of_a_cluster_is_known(address, inside):
    assert is_inside(parse_address(address)) is inside


@pytest.mark.parametrize(
    ("host", "here"), [("localhost", True), ("a.localhost", True), ("127.1.1.1", True), ("localhost.example", False)]
)
def test_this_machine_is_known_by_its_names(host, here):
    assert is_loopback(host) is here

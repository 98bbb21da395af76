"""The inbound schemas: which messages there are, and whether a document is a valid one."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from random import SystemRandom
from threading import local
from typing import Any, NamedTuple

from lxml import etree

from invoice_gateway.model.errors import Code, Finding, HandlerSetError, Rejected
from invoice_gateway.xml.declared import KEYREF, KEYS, Declared, must
from invoice_gateway.xml.explain import Explainer, Said
from invoice_gateway.xml.identity import Key, surely_hold
from invoice_gateway.xml.place import line_of, local_name, path_of
from invoice_gateway.xml.relax import relaxed
from invoice_gateway.xml.rows import Rows
from invoice_gateway.xml.text import clip

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_SHARED = "common.xsd"
_FAMILY = "urn:invoice-gateway:"
_SPACE = " \t\r\n"
_SAMPLE = 50  # siblings of one name that are tried before all of a large document
_MANY = "/descendant::*[2001]"
_FLOOD = 100  # errors; xmlschema is slow where there are many
_LONG = etree.XPath("string-length(/) > 300000 or boolean(//@*[string-length() > 10000])")


class _Judge(NamedTuple):
    """A schema as compiled by one thread; `relaxed` is without `keys`, which columns can tell.

    `unusual` finds what needs a closer look.
    """

    whole: etree.XMLSchema
    relaxed: etree.XMLSchema
    keys: tuple[Key, ...]
    unusual: etree.XPath


class Schemas:
    """Folders of schema files, one message each, compiled when first needed.

    May be shared by threads: each compiles its own, because a compiled schema keeps the error log
    of its last document.
    """

    def __init__(self, *folders: Path, supported: str = "1") -> None:
        """Read which message each `*.xsd` declares; `common.xsd` declares none.

        Args:
            *folders: Where the schema files are, without sub-folders; a later one overrides.
            supported: The `Header/SchemaVersion` that these schemas are for.

        Raises:
            HandlerSetError: no schema in a folder, or one that declares no message or one that
                another file there declares.
        """
        self._supported = supported
        self._files: dict[str, Path] = {}
        self._local = local()
        for folder in folders:
            self._files |= _found(folder)
        self._explainers = {tag: Explainer(file) for tag, file in self._files.items()}

    @property
    def messages(self) -> tuple[str, ...]:
        """The names of all messages, sorted: the local names of their roots."""
        return tuple(sorted(local_name(tag) for tag in self._files))

    def compile_all(self) -> tuple[str, ...]:
        """Compile every schema and return the names of the messages.

        Raises:
            HandlerSetError: a schema does not compile; says which, and why.
        """
        for tag in self._files:
            self._compiled(tag)
        return self.messages

    def plain(self, tag: str) -> tuple[Declared, tuple[Key, ...]]:
        """Return what the schema of a `tag` declares, and which keys hold in a valid message.

        Raises:
            LookupError: not only what `surely_hold` can tell; or no such message.
        """
        file = self._files[tag]
        tree, keys = relaxed(file)
        schema = Declared(file, tree.getroot())
        must(next(schema.message.iterchildren(*KEYS, KEYREF), None) is None)
        return schema, keys

    def check(self, root: etree._Element, rows: Callable[[str], Rows] | None = None) -> None:
        """Return when `root` is a valid message of the supported version.

        libxml2 decides; xmlschema is only asked to explain.

        Args:
            root: A document as the gateway parses it.
            rows: Returns the rows at a path of it, `Document.rows`. With them, a message is also
                valid when it surely is: see `identity`. What is refused is the same.

        Raises:
            Rejected: `xml-unknown-root`, `unknown-version`, or `xsd-invalid` with up to 20 findings
                in document order.
        """
        tag = str(root.tag)
        if tag not in self._files:
            raise self._unknown(tag)
        judge = self._compiled(tag)
        schema = judge.whole
        many: Any = judge.unusual(root)
        if many:
            for element in many:
                self._refuse_version(element)
            self._refuse_flood(root, tag, schema)
        try:
            if _surely_valid(judge, root, rows) or schema.validate(root):
                return
        except etree.LxmlError as error:
            said = clip(str(error))
            raise Rejected(Code.XSD_INVALID, f"the document cannot be validated: {said}") from None
        explainer = self._explainers[tag]
        log = _said(schema)
        if many or len(log) > _FLOOD or _LONG(root):
            raise _invalid(explainer.translate(log, {}, root))
        raise _invalid(explainer.explain(root, log))

    def _compiled(self, tag: str) -> "_Judge":
        """Return what this thread judges a `tag` by."""
        held: dict[str, _Judge] = self._local.__dict__
        if tag not in held:
            held[tag] = _judge(self._files[tag], _unusual(self._supported, tag))
        return held[tag]

    def _unknown(self, tag: str) -> Rejected:
        """Return the refusal of a root that is no message here."""
        name = clip(local_name(tag), 80)
        namespace = tag[1:].partition("}")[0] if tag.startswith("{") else ""
        ours = {known[1:].partition("}")[0] for known in self._files}
        if namespace.startswith(_FAMILY) and namespace not in ours:
            return Rejected(
                Code.UNKNOWN_VERSION,
                f"<{name}> is in the namespace {clip(namespace)}; here it is {' or '.join(ours)}",
            )
        near = get_close_matches(name, self.messages, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.messages)}"
        if name in self.messages:
            hint = f'declare its namespace: xmlns="{" or ".join(sorted(ours))}"'
        return Rejected(Code.XML_UNKNOWN_ROOT, f"<{name}> is not a known message; {hint}")

    def _refuse_version(self, element: etree._Element) -> None:
        """Refuse a document for other schemas, if `element` is a SchemaVersion that says so."""
        said = (element.text or "").strip(_SPACE)
        if local_name(str(element.tag)) != "SchemaVersion" or said == self._supported:
            return
        line, path = line_of(element), path_of(element)
        message = f"schema version '{clip(said, 80)}' is not read here"
        raise Rejected(
            Code.UNKNOWN_VERSION,
            f"line {line}, {path}: {message}; expected: {self._supported}",
            (Finding(line=line, path=path, message=message, expected=self._supported),),
        )

    def _refuse_flood(self, root: etree._Element, tag: str, schema: etree.XMLSchema) -> None:
        """Refuse a large document on a random sample of it, where that is bad enough.

        libxml2 finds the place of each error by counting siblings: thousands of errors among
        thousands of siblings take seconds. What is wrong in the sample is wrong in the whole; what
        the sample misses is rare enough to be listed. Only a keyref may miss what was left out.
        """
        sample, origin = _thinned(root)
        if schema.validate(sample):
            return
        log = [each for each in _said(schema) if "No match found for key" not in each.message]
        if log:
            raise _invalid(self._explainers[tag].translate(log, origin, sample))


def _found(folder: Path) -> dict[str, Path]:
    """Return the schema files of one folder by the tag they declare."""
    found: dict[str, Path] = {}
    for file in sorted(folder.glob("*.xsd")):
        if file.name != _SHARED:
            tag = _declared(file)
            if tag in found:
                raise HandlerSetError(f"{file} declares {tag}, as {found[tag]} does")
            found[tag] = file
    if not found:
        raise HandlerSetError(f"no schemas in {folder}; it should hold one *.xsd per message")
    return found


def _declared(file: Path) -> str:
    """Return the tag of the one element that `file` declares at its top."""
    try:
        root = etree.parse(str(file)).getroot()
    except (etree.XMLSyntaxError, OSError) as error:
        raise HandlerSetError(f"{file} is not a readable schema: {error}") from None
    names = [str(each.get("name")) for each in root.iterchildren(f"{_XSD}element")]
    if len(names) != 1:
        raise HandlerSetError(f"{file} should declare one message at its top, not {names}")
    return f"{{{root.get('targetNamespace') or ''}}}{names[0]}"


def _judge(file: Path, unusual: etree.XPath) -> _Judge:
    """Return `file` compiled, and once more without what columns can tell, if anything."""
    try:
        whole = etree.XMLSchema(file=str(file))
        tree, keys = relaxed(file)
        return _Judge(whole, etree.XMLSchema(tree) if keys else whole, keys, unusual)
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as error:
        raise HandlerSetError(f"{file} does not compile: {error}") from None


def _surely_valid(judge: _Judge, root: etree._Element, rows: Callable[[str], Rows] | None) -> bool:
    """Return whether `root` is valid, as far as that can be told without xs:unique and its like."""
    if rows is None or not judge.keys:
        return False
    return judge.relaxed.validate(root) and surely_hold(judge.keys, rows)


def _said(schema: etree.XMLSchema) -> Sequence[Said]:
    log: Any = schema.error_log
    return log  # type: ignore[no-any-return]


def _unusual(version: str, tag: str) -> etree.XPath:
    """Return the search below a `tag` for another version than `version`, and for many elements.

    It finds nothing in nearly all documents; one search takes less time than two.
    """
    said = "normalize-space(text()[not(preceding-sibling::*)])"
    return etree.XPath(
        f"g:Header[1]/g:SchemaVersion[{said} != '{version}'] | {_MANY}",
        namespaces={"g": tag[1:].rpartition("}")[0]},
        regexp=False,  # what is not used takes time too
    )


def _invalid(findings: tuple[Finding, ...]) -> Rejected:
    first = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    expected = f"; expected: {first.expected}" if first.expected else ""
    return Rejected(
        Code.XSD_INVALID,
        f"line {first.line}, {first.path}: {first.message}{expected}{more}",
        findings,
    )


def _thinned(root: etree._Element) -> tuple[etree._Element, dict[etree._Element, etree._Element]]:
    """Return a copy of `root` with some of its many siblings, and what each element copies."""
    make: Any = etree.Element  # root.makeelement would stay in the document of root
    below: Any = etree.SubElement
    copy = make(root.tag, root.attrib, root.nsmap)
    origin = {copy: root}
    left = [(root, copy)]
    while left:
        source, target = left.pop()
        target.text = source.text
        for child in _some(source):
            twin = below(target, child.tag, child.attrib, child.nsmap)
            twin.tail = child.tail
            origin[twin] = child
            left.append((child, twin))
    return copy, origin


def _some(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield the children of `parent` in order; of many with one name, some at random."""
    if len(parent) <= _SAMPLE:
        yield from parent.iterchildren()
        return
    choose = SystemRandom().sample  # not to be foreseen by who writes the document
    chosen = {
        tag: set(choose(range(count), _SAMPLE))
        for tag, count in Counter(child.tag for child in parent.iterchildren()).items()
        if count > _SAMPLE
    }
    seen: Counter[Any] = Counter()
    for child in parent.iterchildren():
        if child.tag not in chosen or seen[child.tag] in chosen[child.tag]:
            yield child
        seen[child.tag] += 1

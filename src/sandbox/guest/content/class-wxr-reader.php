<?php
/**
 * Reads a file of WordPress's exporter.
 */

namespace WP_Codebox\Sandbox\Content;

/**
 * The channel's children one by one: the file can be larger than memory. Nothing outside the file is
 * read, and no entity is put in place of its name.
 *
 * @implements \IteratorAggregate<string, \SimpleXMLElement>
 */
final class Wxr_Reader implements \IteratorAggregate {

	/**
	 * Remembers where the file is.
	 *
	 * @param string $file Absolute.
	 */
	public function __construct( private readonly string $file ) {}

	/**
	 * Each child of the channel by its qualified name.
	 *
	 * @throws Refused If the file is no export, or ends early.
	 */
	public function getIterator(): \Generator {
		$errors = libxml_use_internal_errors( true );
		$reader = new \XMLReader();
		try {
			if ( ! $reader->open( $this->file, null, LIBXML_NONET ) ) {
				throw self::broken();
			}
			$version = false;
			$this->enter( $reader, 'rss' );
			$this->enter( $reader, 'channel' );
			$on = $reader->read();
			while ( $on && $reader->depth > 1 ) {
				if ( \XMLReader::ELEMENT !== $reader->nodeType ) {
					$on = $reader->read();
					continue;
				}
				$name    = $reader->name;
				$version = $version || 'wp:wxr_version' === $name;
				$node    = $reader->expand( new \DOMDocument() );
				if ( false === $node ) {
					throw self::broken();
				}
				yield $name => simplexml_import_dom( $node );
				$on = $reader->next();
			}
			if ( ! $on || array() !== libxml_get_errors() ) {
				throw self::broken();
			}
			if ( ! $version ) {
				throw new Refused( 'wxr_invalid', 'The file is no export of WordPress: it names no wp:wxr_version.' );
			}
		} finally {
			$reader->close();
			libxml_clear_errors();
			libxml_use_internal_errors( $errors );
		}
	}

	/**
	 * Goes on to an element.
	 *
	 * @param \XMLReader $reader Where to go on from.
	 * @param string     $name   The element's name.
	 */
	private function enter( \XMLReader $reader, string $name ): void {
		while ( $reader->read() ) {
			if ( \XMLReader::DOC_TYPE === $reader->nodeType ) {
				throw new Refused( 'wxr_invalid', 'The file declares a document type: an export has none.' );
			}
			if ( \XMLReader::ELEMENT === $reader->nodeType ) {
				if ( $reader->name === $name ) {
					return;
				}
				throw new Refused( 'wxr_invalid', sprintf( 'The file is no export of WordPress: it has <%s> where <%s> is expected.', substr( $reader->name, 0, 60 ), $name ) );
			}
		}
		throw self::broken();
	}

	/**
	 * What the parser says.
	 */
	private static function broken(): Refused {
		$error = libxml_get_errors()[0] ?? null;
		$why   = null === $error ? 'it ends too early' : sprintf( '%s in line %d', trim( $error->message ), $error->line );
		return new Refused( 'wxr_invalid', sprintf( 'The file cannot be read as an export: %s.', substr( $why, 0, 300 ) ) );
	}
}

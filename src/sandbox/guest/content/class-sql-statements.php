<?php
/**
 * The statements of an SQL file, one at a time.
 */

namespace WP_Codebox\Sandbox\Content;

/**
 * Reads MySQL's dialect as its own client does: strings, quoted names, comments, DELIMITER.
 *
 * @implements \IteratorAggregate<int, string>
 */
final class Sql_Statements implements \IteratorAggregate {

	/**
	 * Bytes of one statement.
	 */
	private const MAX_STATEMENT = 8388608;

	/**
	 * Reads from a file.
	 *
	 * @param string $file Absolute.
	 */
	public function __construct( private readonly string $file ) {}

	/**
	 * Statements without their delimiters; never an empty one.
	 */
	public function getIterator(): \Generator {
		$sql       = (string) file_get_contents( $this->file );
		$sql       = str_starts_with( $sql, "\xEF\xBB\xBF" ) ? substr( $sql, 3 ) : $sql;
		$length    = strlen( $sql );
		$delimiter = ';';
		$start     = 0;
		$at        = 0;
		while ( $at < $length ) {
			if ( $this->begins_line( $sql, $at, $start ) && preg_match( '/\GDELIMITER[ \t]+(\S+)[^\n]*(\n|$)/i', $sql, $found, 0, $at ) ) {
				$delimiter = $found[1];
				$at       += strlen( $found[0] );
				$start     = $at;
				continue;
			}
			if ( $delimiter[0] === $sql[ $at ] && substr_compare( $sql, $delimiter, $at, strlen( $delimiter ) ) === 0 ) {
				yield from $this->whole( substr( $sql, $start, $at - $start ) );
				$at   += strlen( $delimiter );
				$start = $at;
				continue;
			}
			$at = $this->past( $sql, $at, $length, $delimiter );
			if ( $at - $start > self::MAX_STATEMENT ) {
				throw new Refused( 'statement_too_large', 'A statement is larger than 8 MiB, or a quotation mark in it is not closed.' );
			}
		}
		yield from $this->whole( substr( $sql, $start ) );
	}

	/**
	 * Whether this is a line's begin, and only blanks and comments stand before it.
	 *
	 * @param string $sql   All of it.
	 * @param int    $at    Here.
	 * @param int    $start Where the statement begins.
	 */
	private function begins_line( string $sql, int $at, int $start ): bool {
		return ( 'D' === $sql[ $at ] || 'd' === $sql[ $at ] )
			&& ( 0 === $at || "\n" === $sql[ $at - 1 ] )
			&& '' === trim( self::bare( substr( $sql, $start, $at - $start ) ) );
	}

	/**
	 * Past the string, the comment or the plain text that begins here.
	 *
	 * @param string $sql       All of it.
	 * @param int    $at        Here.
	 * @param int    $length    Of all.
	 * @param string $delimiter What ends a statement.
	 */
	private function past( string $sql, int $at, int $length, string $delimiter ): int {
		$mark = $sql[ $at ];
		if ( "'" === $mark || '"' === $mark || '`' === $mark ) {
			for ( ++$at; $at < $length; ++$at ) {
				$at += strcspn( $sql, '`' === $mark ? '`' : $mark . '\\', $at );
				if ( $at < $length && '\\' === $sql[ $at ] ) {
					++$at;
				} elseif ( $at < $length ) {
					// A doubled mark begins the string anew: the same in the end.
					return $at + 1;
				}
			}
			throw new Refused( 'statement_unclosed', 'A quotation mark is not closed.' );
		}
		$two = substr( $sql, $at, 2 );
		if ( '#' === $mark || '--' === $two && ( $at + 2 >= $length || ctype_space( $sql[ $at + 2 ] ) ) ) {
			$end = strpos( $sql, "\n", $at );
			return false === $end ? $length : $end + 1;
		}
		if ( '/*' === $two ) {
			$end = strpos( $sql, '*/', $at + 2 );
			if ( false === $end ) {
				throw new Refused( 'statement_unclosed', 'A comment is not closed.' );
			}
			return $end + 2;
		}
		return $at + max( 1, strcspn( $sql, "'\"`#-/\nDd" . $delimiter[0], $at + 1 ) + 1 );
	}

	/**
	 * The statement, if there is one.
	 *
	 * @param string $statement With comments and blanks around it.
	 */
	private function whole( string $statement ): \Generator {
		if ( '' !== trim( self::bare( $statement ) ) ) {
			yield trim( $statement );
		}
	}

	/**
	 * What follows the comments and blanks at the begin. A comment for a version of MySQL is code.
	 *
	 * @param string $statement As it stands in the file.
	 */
	public static function bare( string $statement ): string {
		return (string) preg_replace( '~\A(?:\s|/\*(?![!+]).*?\*/|(?:--(?=\s|\z)|#)[^\n]*(?:\n|\z))++~s', '', $statement );
	}
}

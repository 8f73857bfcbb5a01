<?php
/**
 * Addresses of an exported site, and what they become.
 */

namespace WP_Codebox\Sandbox\Content;

/**
 * Puts this site's addresses in place of another's, and of no third one's.
 */
final class Wxr_Addresses {

	/**
	 * Finds the old addresses, the longest first: they say most. Null: there is none.
	 */
	private ?string $pattern = null;

	/**
	 * Prepares the rewriting.
	 *
	 * @param bool                  $rewrites  Whether anything is replaced at all.
	 * @param array<string, string> $addresses New ones by old ones.
	 */
	public function __construct( private readonly bool $rewrites, private array $addresses ) {
		$this->prepare();
	}

	/**
	 * Takes an address of the exported site for this one's.
	 *
	 * @param string $address The exported site's.
	 */
	public function of_site( string $address ): void {
		$address = untrailingslashit( $address );
		if ( '' !== $address && ! isset( $this->addresses[ $address ] ) ) {
			$this->addresses[ $address ] = home_url();
			$this->prepare();
		}
	}

	/**
	 * A value with this site's addresses in every text of it.
	 *
	 * @param mixed $value Text, or what a meta field holds.
	 */
	public function in( mixed $value ): mixed {
		if ( is_array( $value ) ) {
			return array_map( $this->in( ... ), $value );
		}
		if ( ! is_string( $value ) || null === $this->pattern ) {
			return $value;
		}
		return preg_replace_callback( $this->pattern, fn ( $found ) => $this->addresses[ $found[0] ], $value ) ?? $value;
	}

	/**
	 * Makes the pattern of the addresses that are known.
	 */
	private function prepare(): void {
		if ( ! $this->rewrites || array() === $this->addresses ) {
			return;
		}
		$old = array_map( 'strval', array_keys( $this->addresses ) );
		usort( $old, fn ( $one, $other ) => strlen( $other ) <=> strlen( $one ) );
		$old = implode( '|', array_map( fn ( $address ) => preg_quote( $address, '~' ), $old ) );
		// Not the beginning of another host's name.
		$this->pattern = "~(?:$old)(?![\\w-]|\\.\\w)~";
	}
}

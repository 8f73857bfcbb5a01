<?php
/**
 * Can the web read a directory?
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Puts a file with random content into a directory, asks the site for it over HTTP, and removes it.
 * The file is what a bundle would be to the web server: one that its rules have never heard of.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Web_Probe {

	/** No URL leads there. */
	public const OUTSIDE = 'outside';
	/** The web server does not hand it out. */
	public const CLOSED = 'closed';
	/** The web server hands it out. */
	public const OPEN = 'open';
	/** Nobody answered, or the file could not be made. */
	public const UNKNOWN = 'unknown';

	private const TIMEOUT_SECONDS = 5;

	/**
	 * The directory, without links, and without a slash at the end.
	 *
	 * @var string
	 */
	private string $directory;

	/**
	 * Name of the file.
	 *
	 * @var string
	 */
	private string $file;

	/**
	 * Why the answer is unknown.
	 *
	 * @var string
	 */
	private string $reason = '';

	/**
	 * Constructor.
	 *
	 * @since 0.1.0
	 *
	 * @param string $directory Absolute path.
	 */
	public function __construct( string $directory ) {
		$real            = realpath( $directory );
		$this->directory = wp_normalize_path( untrailingslashit( false === $real ? $directory : $real ) );
		$this->file      = 'probe-' . wp_generate_password( 20, false ) . '.txt';
	}

	/**
	 * The URL that leads to the file, if any directory of the site's leads there.
	 *
	 * @since 0.1.0
	 *
	 * @return string Empty if there is none.
	 */
	public function url(): string {
		$roots = array(
			WP_CONTENT_DIR => content_url(),
			ABSPATH        => site_url(),
		);
		$home  = (string) ( $_SERVER['DOCUMENT_ROOT'] ?? '' ); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- The server's own.
		if ( '' !== $home ) {
			$roots[ $home ] = home_url();
		}
		foreach ( $roots as $root => $url ) {
			$real = realpath( (string) $root );
			$root = trailingslashit( wp_normalize_path( false === $real ? (string) $root : $real ) );
			if ( '/' !== $root && str_starts_with( $this->directory . '/', $root ) ) {
				$path = substr( $this->directory . '/', strlen( $root ) ) . $this->file;
				return trailingslashit( $url ) . implode( '/', array_map( 'rawurlencode', explode( '/', $path ) ) );
			}
		}
		return '';
	}

	/**
	 * Why the answer is unknown.
	 *
	 * @since 0.1.0
	 */
	public function reason(): string {
		return $this->reason;
	}

	/**
	 * Asks.
	 *
	 * @since 0.1.0
	 *
	 * @return string One of the constants.
	 */
	public function run(): string {
		$url = $this->url();
		if ( '' === $url ) {
			return self::OUTSIDE;
		}
		// phpcs:disable WordPress.WP.AlternativeFunctions -- Whoever writes artifacts is this PHP, not an FTP account.
		$content = wp_generate_password( 40, false );
		$path    = $this->directory . '/' . $this->file;
		if ( false === @file_put_contents( $path, $content ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors -- Reported below.
			$this->reason = __( 'The directory cannot be written.', 'wp-codebox' );
			return self::UNKNOWN;
		}
		try {
			$response = wp_remote_get(
				$url,
				array(
					'timeout'     => self::TIMEOUT_SECONDS,
					'redirection' => 0,
					/** This filter is documented in wp-includes/class-wp-http-streams.php */
					'sslverify'   => apply_filters( 'https_local_ssl_verify', false, $url ),
				)
			);
		} finally {
			unlink( $path );
		}
		// phpcs:enable
		if ( is_wp_error( $response ) ) {
			$this->reason = $response->get_error_message();
			return self::UNKNOWN;
		}
		return str_contains( wp_remote_retrieve_body( $response ), $content ) ? self::OPEN : self::CLOSED;
	}
}

<?php
/**
 * The web server of the sandbox's own site: which script a URL leads to, and who is logged in.
 */

namespace WP_Codebox\Sandbox;

/**
 * One request.
 */
final class Site {

	private const ROOT = '/wordpress';

	/**
	 * Content types of files that are sent as they are.
	 */
	private const TYPES = array(
		'css'   => 'text/css',
		'gif'   => 'image/gif',
		'html'  => 'text/html',
		'ico'   => 'image/x-icon',
		'jpeg'  => 'image/jpeg',
		'jpg'   => 'image/jpeg',
		'js'    => 'text/javascript',
		'json'  => 'application/json',
		'png'   => 'image/png',
		'svg'   => 'image/svg+xml',
		'txt'   => 'text/plain',
		'webp'  => 'image/webp',
		'woff2' => 'font/woff2',
		'xml'   => 'text/xml',
	);

	/**
	 * Makes the request ready.
	 *
	 * @return string|null The script to run; null if everything was done.
	 */
	public static function script(): ?string {
		$step = (array) json_decode( (string) file_get_contents( STEP ), true );
		set_environment( $step['environment'] ?? array() );
		self::before_plugins( $step['call']['user'] ?? null );
		$path = rawurldecode( (string) parse_url( 'http://localhost' . $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
		$file = str_contains( $path, "\0" ) ? false : realpath( self::ROOT . $path );
		if ( false !== $file && ! str_starts_with( $file . '/', self::ROOT . '/' ) ) {
			$file = false;
		}
		if ( false !== $file && is_dir( $file ) && is_file( $file . '/index.php' ) ) {
			if ( ! str_ends_with( $path, '/' ) ) {
				header( 'Location: ' . $path . '/', true, 301 );
				return null;
			}
			$file .= '/index.php';
		}
		if ( false === $file || ! is_file( $file ) ) {
			// As the rewrite rules of a site with permalinks have it.
			$file = self::ROOT . '/index.php';
		} elseif ( ! str_ends_with( $file, '.php' ) ) {
			self::send( $file );
			return null;
		}
		$name                       = substr( $file, strlen( self::ROOT ) );
		$_SERVER['DOCUMENT_ROOT']   = self::ROOT;
		$_SERVER['SCRIPT_FILENAME'] = $file;
		$_SERVER['SCRIPT_NAME']     = $name;
		$_SERVER['PHP_SELF']        = $name;
		chdir( dirname( $file ) );
		return $file;
	}

	/**
	 * Sends a file as it is.
	 *
	 * @param string $file Path.
	 */
	private static function send( string $file ): void {
		$extension = strtolower( pathinfo( $file, PATHINFO_EXTENSION ) );
		header( 'Content-Type: ' . ( self::TYPES[ $extension ] ?? 'application/octet-stream' ) );
		header( 'Content-Length: ' . filesize( $file ) );
		readfile( $file );
	}

	/**
	 * Has WordPress look, as soon as it can, whether the site is meant, and log the user in.
	 *
	 * @param string|null $user Id, login or address; null for nobody.
	 */
	private static function before_plugins( ?string $user ): void {
		$look = static function () use ( $user ): void {
			try {
				self::judge_host();
				if ( null !== $user ) {
					self::log_in( user_id( $user ) );
				}
			} catch ( Failed $failed ) {
				Outcome::begin();
				Outcome::threw( $failed );
				exit;
			}
		};
		// WordPress takes hooks that are there before it.
		$GLOBALS['wp_filter']['plugins_loaded'][ PHP_INT_MIN ][] = array(
			'function'      => $look,
			'accepted_args' => 0,
		);
	}

	/**
	 * Whether the URL is one of this site.
	 *
	 * @throws Failed If it is another's.
	 */
	private static function judge_host(): void {
		$asked = strtolower( (string) $_SERVER['HTTP_HOST'] );
		$own   = array();
		foreach ( array( \home_url(), \site_url() ) as $url ) {
			$port  = parse_url( $url, PHP_URL_PORT );
			$own[] = strtolower( (string) parse_url( $url, PHP_URL_HOST ) ) . ( $port ? ':' . $port : '' );
		}
		// A path was asked for: that is this site, whatever it is called.
		if ( 'localhost' === $asked || in_array( $asked, $own, true ) || \is_multisite() ) {
			return;
		}
		throw new Failed( 'foreign_host', sprintf( '%s is not a host of the sandbox\'s own site (%s): only that can be requested.', $asked, implode( ', ', array_unique( $own ) ) ) );
	}

	/**
	 * Gives the request the cookies of a user who has logged in.
	 *
	 * @param int $id The user; 0 for nobody.
	 */
	private static function log_in( int $id ): void {
		if ( 0 === $id ) {
			return;
		}
		$expiration = time() + HOUR_IN_SECONDS;
		$sessions   = \WP_Session_Tokens::get_instance( $id );
		$token      = $sessions->create( $expiration );
		$cookies    = array(
			AUTH_COOKIE        => 'auth',
			SECURE_AUTH_COOKIE => 'secure_auth',
			LOGGED_IN_COOKIE   => 'logged_in',
		);
		foreach ( $cookies as $name => $scheme ) {
			$_COOKIE[ $name ] = \wp_generate_auth_cookie( $id, $expiration, $scheme, $token );
		}
		// The session is the request's: it leaves nothing behind.
		register_shutdown_function( static fn() => $sessions->destroy( $token ) );
	}
}
